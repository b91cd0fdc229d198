-- Schedules: a hash each, and the sorted set `schedules` of all by the time they come due (+inf while paused).
local function schedule_key(id) return P .. 'schedule:' .. id end

-- Notes the next run of a schedule; without one ('') it has none.
local function set_next(id, tick, due)
  if tick == '' then
    redis.call('HDEL', schedule_key(id), 'next', 'due')
    redis.call('ZADD', P .. 'schedules', '+inf', id)
  else
    redis.call('HSET', schedule_key(id), 'next', tick, 'due', due)
    redis.call('ZADD', P .. 'schedules', due, id)
  end
end
