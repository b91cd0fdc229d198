-- Stops or allows starts of a type and names the reason in the jobs that stand in its queues, 100 at a time.
-- The type '*' stands for those that are announced while all are paused.
-- ARGV: type or '*', '1' to pause or '0' to resume, cursor (0 at first)
-- Returns: the next cursor, or '' when all are named
--- @include common
--- @include queue
local kind, pausing, cursor = ARGV[1], ARGV[2] == '1', ARGV[3]
if cursor == '0' then
  if kind ~= '*' then redis.call('SADD', P .. 'types', kind) end
  local changed = redis.call(pausing and 'SADD' or 'SREM', P .. 'paused', kind)
  if changed == 1 then announce(pausing and 'paused' or 'resumed', 'type', kind, nil) end
  if not pausing then
    wake_lanes(function(other) return other == kind end)
  end
end
if type_paused(kind) ~= pausing then return '' end
local from, to = pausing and 'queued' or 'paused', pausing and 'paused' or 'queued'
local function name_reason(id)
  local key = job_key(id)
  local j = redis.call('HMGET', key, 'reason', 'attempt')
  if j[1] ~= from then return end
  redis.call('HSET', key, 'reason', to, 'updatedAt', AT)
  redis.call('HINCRBY', key, 'revision', 1)
  record(id, to, 'pending', to, nil, j[2], nil, nil)
  redis.call(pausing and 'SADD' or 'SREM', P .. 'paused:' .. kind, id)
end
if not pausing then
  local ids = redis.call('SPOP', P .. 'paused:' .. kind, 100)
  for _, id in ipairs(ids) do name_reason(id) end
  return #ids == 100 and '1' or ''
end
local ids = redis.call('ZRANGEBYSCORE', P .. 'index:pending:' .. kind, '(' .. cursor, '+inf', 'WITHSCORES', 'LIMIT', 0, 100)
for index = 1, #ids, 2 do name_reason(ids[index]) end
return #ids == 200 and ids[200] or ''
