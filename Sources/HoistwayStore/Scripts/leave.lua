-- A worker changes its state: draining, or gone (stopped, detached).
-- ARGV: worker id, state
-- Returns: OK | NOT_FOUND (an operator has declared its host dead)
--- @include common
local key = P .. 'worker:' .. ARGV[1]
if redis.call('HEXISTS', key, 'state') == 0 then return NOT_FOUND end
redis.call('HSET', key, 'state', ARGV[2], 'heartbeatAt', AT)
if ARGV[2] == 'stopped' or ARGV[2] == 'detached' then redis.call('DEL', key .. ':logs') end
if ARGV[2] == 'stopped' then
  redis.call('HSET', key, 'running', 0)
  redis.call('HDEL', key, 'stopMode')
  redis.call('DEL', P .. 'wake:worker:' .. ARGV[1], P .. 'wake:worker:' .. ARGV[1] .. ':claimer')
  redis.call('HDEL', P .. 'renewals', ARGV[1])
  redis.call('EXPIRE', key, 86400)
end
announce(ARGV[2], 'workerId', ARGV[1], nil)
return OK
