-- Ends attempts of a worker whose sign of life was seen unchanged for its window, or the hold on claims.
-- ARGV: worker id ('' for the hold), the sign of life as it was seen, who has seen it, message, error as JSON, then per
--       attempt, at most 100: id, fence, wait in ms before the next one
-- Returns: OK | WRONG_STATE (it has attempts left) | CONFLICT (there was a newer sign of life)
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include attempt
--- @include quarantine
--- @include logs
--- @include start
--- @include conclude
local worker, seen = ARGV[1], ARGV[2]
despite_full_memory()
if worker == '' then
  if redis.call('HGET', P .. 'claims', 'hold') ~= seen then return CONFLICT end
  redis.call('HDEL', P .. 'claims', 'hold')
  announce('claimsResumed', 'workerId', ARGV[3], nil)
  wake_lanes(function() return true end)
  return OK
end
if redis.call('HGET', P .. 'renewals', worker) ~= seen then return CONFLICT end
local jobs = P .. 'worker:' .. worker .. ':jobs'
for index = 6, #ARGV, 3 do
  local id = ARGV[index]
  conclude(id, ARGV[index + 1], 'lost', true, false, ARGV[index + 2], { 'message', ARGV[4], 'error', ARGV[5] })
end
if redis.call('EXISTS', jobs) == 1 then return WRONG_STATE end
redis.call('HDEL', P .. 'renewals', worker)
announce('fenced', 'workerId', worker, '{"by":' .. quoted(ARGV[3]) .. '}')
return OK
