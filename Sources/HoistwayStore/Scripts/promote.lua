-- A job that waits for its time need not wait any longer.
-- ARGV: id
-- Returns: { OK, reason it has now } | { NOT_FOUND, '' } | { WRONG_STATE, status or reason }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason')
if not j[1] then return { NOT_FOUND, '' } end
if j[2] ~= 'delayed' and j[2] ~= 'retrying' then return { WRONG_STATE, j[2] or j[1] } end
redis.call('HDEL', job_key(id), 'runAt')
come_due(id)
return { OK, redis.call('HGET', job_key(id), 'reason') }
