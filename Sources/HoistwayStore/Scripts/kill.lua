-- Ends a job: one that waits is cancelled here and now, one that a worker has is told to that worker.
-- ARGV: id, signal or '', grace in seconds or '', by as JSON, why as JSON, message for a cancelled job or '',
--       1 to leave alone what a worker has
-- Returns: { OK, 'cancelled' | 'requested' } | { ALREADY, status } | { NOT_FOUND, '' } | { WRONG_STATE, status }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'workerId')
if not j[1] then return { NOT_FOUND, '' } end
if j[1] == 'done' or j[1] == 'error' then return { ALREADY, j[1] } end
if j[1] == 'pending' and j[2] ~= 'starting' then
  local fields = ARGV[6] == '' and {} or { 'message', ARGV[6] }
  finish(id, 'cancelled', 'error', 'cancelled', fields, '{"by":' .. ARGV[4] .. ',"why":' .. ARGV[5] .. '}')
  return { OK, 'cancelled' }
end
if ARGV[7] == '1' then return { WRONG_STATE, j[1] } end
request_kill(id, j[3], ARGV[2] ~= '' and ARGV[2] or nil, ARGV[3] ~= '' and ARGV[3] or nil, ARGV[4], ARGV[5])
return { OK, 'requested' }
