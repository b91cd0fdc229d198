-- Cancels the waiting jobs of a type, 100 at a time.
-- ARGV: type, cursor (0 at first)
-- Returns: { how many were cancelled, the next cursor or '' }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
local kind, cursor = ARGV[1], ARGV[2]
local ids = redis.call('ZRANGEBYSCORE', P .. 'index:pending:' .. kind, '(' .. cursor, '+inf', 'WITHSCORES', 'LIMIT', 0, 100)
local count = 0
for index = 1, #ids, 2 do
  local j = redis.call('HMGET', job_key(ids[index]), 'status', 'reason')
  if j[1] == 'pending' and j[2] ~= 'starting' then
    finish(ids[index], 'cancelled', 'error', 'cancelled', { 'message', 'the queue was drained' }, nil)
    count = count + 1
  end
end
if cursor == '0' then announce('drained', 'type', kind, nil) end
return { count, #ids == 200 and ids[200] or '' }
