-- The process of an attempt started.
-- ARGV: id, fence, pid, pid start time, log path
-- Returns: OK | ALREADY | STALE_FENCE | NOT_FOUND
--- @include common
--- @include attempt
--- @include logs
local id, fence = ARGV[1], ARGV[2]
local code, j = attempt_of(id, fence)
if code ~= OK then return code end
if j[1] == 'running' then return ALREADY end
local key = job_key(id)
redis.call('HSET', key, 'status', 'running', 'pid', ARGV[3], 'pidStartTime', ARGV[4], 'logPath', ARGV[5],
  'logBytes', 0, 'progress', 0, 'startedAt', AT, 'updatedAt', AT)
redis.call('HDEL', key, 'reason')
redis.call('HINCRBY', key, 'revision', 1)
local kind = redis.call('HGET', key, 'type')
local sequence = redis.call('ZSCORE', P .. 'index', id)
redis.call('ZREM', P .. 'index:pending:' .. kind, id)
redis.call('ZADD', P .. 'index:running', sequence, id)
if tonumber(j[3]) > 1 then drop_log(id) end
record(id, 'started', 'running', nil, j[4], j[3], fence, '{"pid":' .. ARGV[3] .. '}')
return OK
