-- Makes a new job of an ended one.
-- ARGV: id of the old one, id for the new one, requestId that has its effect once or '', the new one's requestId or '',
--       'alone' to refuse while any job of its type waits or runs
-- Returns: { OK | ALREADY, id of the new one } | { NOT_FOUND, '' } | { WRONG_STATE, status } | { ID_IN_USE, '' }
--          | { CONFLICT, id of such a job } | { QUEUE_FULL, limit } | { QUARANTINED, id of the job that was lost last }
--- @include common
--- @include queue
--- @include quarantine
--- @include admission
local old, id, request = ARGV[1], ARGV[2], ARGV[3]
local status = redis.call('HGET', job_key(old), 'status')
if not status then return { NOT_FOUND, '' } end
if status ~= 'done' and status ~= 'error' then return { WRONG_STATE, status } end
local latest
if request ~= '' then
  latest = redis.call('GET', P .. 'retried:' .. old .. ':' .. request)
  if latest then return { ALREADY, latest } end
else
  latest = redis.call('HGET', job_key(old), 'retriedBy')
  local living = latest and redis.call('HGET', job_key(latest), 'status')
  if living == 'pending' or living == 'running' then return { ALREADY, latest } end
end
if redis.call('EXISTS', job_key(id)) == 1 then return { ID_IN_USE, '' } end
local o = redis.call('HMGET', job_key(old), 'type', 'resourceId', 'reason')
if o[3] == 'rejected' then return { WRONG_STATE, 'rejected' } end
local busy = ARGV[5] == 'alone' and active_of(o[1])
if busy then return { CONFLICT, busy } end
local most = redis.call('HGET', P .. 'limits', 'queue:' .. o[1])
if most and redis.call('ZCARD', P .. 'index:pending:' .. o[1]) >= tonumber(most) then return { QUEUE_FULL, most } end
local names = { 'title', 'description', 'node', 'serverId', 'priority', 'payload', 'organizationId', 'memberId',
  'labels', 'concurrencyKey', 'concurrencyLimit', 'maxAttempts', 'startDeadline', 'options', 'notify' }
local values = redis.call('HMGET', job_key(old), unpack(names))
local harmful, lost = quarantined(o[1], o[2], values[6] or '{}')
if harmful then return { QUARANTINED, lost } end
local fields, j = { 'retryOf', old }, {}
for index, name in ipairs(names) do
  if values[index] then
    fields[#fields + 1] = name
    fields[#fields + 1] = values[index]
    j[name] = values[index]
  end
end
if ARGV[4] ~= '' then
  fields[#fields + 1] = 'requestId'
  fields[#fields + 1] = ARGV[4]
end
local sequence = create(id, o[1], o[2], fields)
redis.call('HSET', job_key(old), 'retriedBy', id)
if j.startDeadline then redis.call('ZADD', P .. 'deadlines', number(NOW + j.startDeadline), id) end
if request ~= '' then redis.call('SET', P .. 'retried:' .. old .. ':' .. request, id, 'EX', 86400) end
place(id, { kind = o[1], node = j.node, server = j.serverId, priority = j.priority, key = j.concurrencyKey,
  limit = tonumber(j.concurrencyLimit or '1') }, sequence, 0, false, nil)
return { OK, id }
