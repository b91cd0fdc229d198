-- What an attempt tells while it runs.
-- ARGV: id, fence, data of the event as JSON or '', then hash fields in pairs; `progress` never falls, and
--       100 is for the end
-- Returns: OK | ALREADY | STALE_FENCE | NOT_FOUND
--- @include common
--- @include attempt
local id, fence, data = ARGV[1], ARGV[2], ARGV[3]
despite_full_memory()
local code, j = attempt_of(id, fence)
if code ~= OK then return code end
local key = job_key(id)
local values = { 'updatedAt', AT }
for index = 4, #ARGV, 2 do
  local value = ARGV[index + 1]
  if ARGV[index] == 'progress' then
    value = math.max(math.min(math.floor(tonumber(value)), 99), tonumber(redis.call('HGET', key, 'progress') or '0'))
  end
  values[#values + 1] = ARGV[index]
  values[#values + 1] = value
end
values[#values + 1] = 'revision'
values[#values + 1] = next_revision(j)
redis.call('HSET', key, unpack(values))
if data ~= '' then
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', 'progress', 'id', id, 'status', j.status,
    'reason', j.reason or '', 'workerId', j.workerId or '', 'attempt', j.attempt, 'fence', fence, 'data', data)
end
return OK
