-- Removes a job with everything that is kept of it; one that waits is cancelled first.
-- ARGV: id
-- Returns: OK | NOT_FOUND | WRONG_STATE (a worker has it)
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include logs
local id = ARGV[1]
local key = job_key(id)
local j = redis.call('HMGET', key, 'status', 'reason', 'type', 'resourceId', 'workerId', 'idempotencyKey',
  'pastWorkers', 'serverId', 'labels')
if not j[1] then return NOT_FOUND end
if j[1] == 'running' or j[2] == 'starting' then return WRONG_STATE end
if j[1] == 'pending' then
  finish(id, 'cancelled', 'error', 'cancelled', {}, nil)
  j[1] = 'error'
end
drop_log(id)
redis.call('ZREM', P .. 'index', id)
redis.call('ZREM', P .. 'index:type:' .. j[3], id)
redis.call('ZREM', P .. 'index:resource:' .. j[3] .. ':' .. j[4], id)
redis.call('ZREM', P .. 'index:' .. j[1], id)
for _, name in ipairs(further_indexes(j[8], j[9])) do redis.call('ZREM', P .. name, id) end
if j[6] and redis.call('GET', P .. 'idempotency:' .. j[6]) == id then
  redis.call('DEL', P .. 'idempotency:' .. j[6])
end
for worker in string.gmatch((j[5] or '') .. ' ' .. (j[7] or ''), '%S+') do
  redis.call('SADD', P .. 'worker:' .. worker .. ':removed', id)
end
redis.call('DEL', key, key .. ':history')
redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', 'removed', 'id', id, 'status', j[1],
  'reason', '', 'workerId', j[5] or '', 'attempt', '', 'fence', '', 'data', '')
return OK
