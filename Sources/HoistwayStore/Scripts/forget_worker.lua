-- Removes what is kept of a worker whose attempts are all ended; until then it gets no jobs.
-- ARGV: worker id
-- Returns: OK | NOT_FOUND | WRONG_STATE (it has attempts)
--- @include common
local id = ARGV[1]
local key = P .. 'worker:' .. id
if redis.call('EXISTS', key .. ':jobs') == 1 then
  redis.call('SET', key .. ':forgotten', '1', 'EX', 10)
  return WRONG_STATE
end
local found = redis.call('DEL', key)
found = found + redis.call('SREM', P .. 'workers', id)
redis.call('HDEL', P .. 'renewals', id)
redis.call('DEL', key .. ':forgotten', key .. ':kills', key .. ':removed', key .. ':logs', P .. 'wake:worker:' .. id, P .. 'wake:worker:' .. id .. ':claimer')
if found == 0 then return NOT_FOUND end
announce('forgotten', 'workerId', id, nil)
return OK
