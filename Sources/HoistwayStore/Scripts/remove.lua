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
--- @include remove
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason')
if not j[1] then return NOT_FOUND end
if j[1] == 'running' or j[2] == 'starting' then return WRONG_STATE end
if j[1] == 'pending' then
  finish(id, 'cancelled', 'error', 'cancelled', {}, nil)
  j[1] = 'error'
end
forget(id, j[1])
return OK
