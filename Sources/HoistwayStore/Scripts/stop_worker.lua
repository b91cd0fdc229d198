-- Asks a worker to stop.
-- ARGV: worker id, mode (drain or detach)
-- Returns: OK | NOT_FOUND | ALREADY (it has stopped)
--- @include common
local key = P .. 'worker:' .. ARGV[1]
local state = redis.call('HGET', key, 'state')
if not state then return NOT_FOUND end
if state == 'stopped' or state == 'detached' then return ALREADY end
redis.call('HSET', key, 'stopMode', ARGV[2])
local wake = P .. 'wake:worker:' .. ARGV[1]
if redis.call('EXISTS', wake) == 0 then redis.call('LPUSH', wake, '1') end
announce('stopRequested', 'workerId', ARGV[1], '{"mode":"' .. ARGV[2] .. '"}')
return OK
