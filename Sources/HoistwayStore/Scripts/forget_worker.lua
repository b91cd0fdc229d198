-- Removes what is kept of a worker whose attempts are all ended. It gets no jobs until it introduces itself again: a claim
-- of a frozen one may lie at Redis already, behind its wait for a hint.
-- ARGV: worker id
-- Returns: OK | NOT_FOUND | WRONG_STATE (it has attempts)
--- @include common
local id = ARGV[1]
local key = P .. 'worker:' .. id
local has_attempts = redis.call('EXISTS', key .. ':jobs') == 1
if has_attempts or redis.call('EXISTS', key) == 1 then redis.call('SET', key .. ':forgotten', '1', 'EX', 60) end
if has_attempts then return WRONG_STATE end
local found = redis.call('DEL', key)
found = found + redis.call('SREM', P .. 'workers', id)
redis.call('HDEL', P .. 'renewals', id)
redis.call('DEL', key .. ':kills', key .. ':removed', key .. ':logs', P .. 'wake:worker:' .. id,
  P .. 'wake:worker:' .. id .. ':claimer')
if found == 0 then return NOT_FOUND end
announce('forgotten', 'workerId', id, nil)
return OK
