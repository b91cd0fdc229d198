-- Asks the worker that has the log of an ended job for a copy of it in Redis. A request is forgotten after a minute.
-- ARGV: id
-- Returns: OK (it is asked, by this call or before) | ALREADY (the copy is there to its end) | NOT_FOUND
--          | WRONG_STATE (the job has not ended, or no worker that has its log is up)
--- @include common
--- @include logs
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'workerId', 'logBytes')
if not j[1] then return NOT_FOUND end
if j[1] ~= 'done' and j[1] ~= 'error' or not j[2] then return WRONG_STATE end
local last = redis.call('XREVRANGE', job_key(id) .. ':log', '+', '-', 'COUNT', 1)[1]
if last and tonumber(string.match(last[1], '^%d+')) >= tonumber(j[3] or '0') then return ALREADY end
local worker = P .. 'worker:' .. j[2]
local w = redis.call('HMGET', worker, 'state', 'heartbeatAt')
local is_up = (w[1] == 'running' or w[1] == 'draining') and w[2] and w[2] >= iso(NOW - 10000)
if not is_up then return WRONG_STATE end
-- A stream whose pieces were all dropped refuses what it had.
if redis.call('SADD', worker .. ':logs', id) == 1 and not last then drop_log(id) end
redis.call('EXPIRE', worker .. ':logs', 60)
local wake = P .. 'wake:worker:' .. j[2]
if redis.call('EXISTS', wake) == 0 then redis.call('LPUSH', wake, '1') end
return OK
