-- How a try to tell of a job's end went. With an event it was the last one, and is noted in the history; without, there is
-- another one later.
-- ARGV: name of the notification, job id, the try, event or '', data as JSON, wait in ms
-- Returns: OK | STALE_FENCE (somebody else is at it, or it is over)
--- @include common
local name, id, try, event, data, wait = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if redis.call('HGET', P .. 'notify:tries', name) ~= try then return STALE_FENCE end
if event == '' then
  redis.call('ZADD', P .. 'notify', number(NOW + tonumber(wait)), name)
  return OK
end
redis.call('ZREM', P .. 'notify', name)
redis.call('HDEL', P .. 'notify:tries', name)
local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'workerId', 'attempt', 'fence')
redis.call('HSET', job_key(id), 'updatedAt', AT)
redis.call('HINCRBY', job_key(id), 'revision', 1)
record(id, event, j[1], j[2], j[3], j[4], j[5], data)
return OK
