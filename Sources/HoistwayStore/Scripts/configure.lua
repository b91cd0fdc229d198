-- The limits of a configuration take the place of those there are, section by section.
-- ARGV: how many prefixes of fields, the prefixes (of the sections that the configuration has), then fields in pairs
-- Returns: OK | ALREADY (nothing changed)
--- @include common
--- @include queue
--- @include limits
local key = P .. 'limits'
local wanted, changed = {}, false
for index = 2 + ARGV[1], #ARGV, 2 do wanted[ARGV[index]] = ARGV[index + 1] end
for _, field in ipairs(redis.call('HKEYS', key)) do
  for index = 2, 1 + ARGV[1] do
    if string.sub(field, 1, #ARGV[index]) == ARGV[index] and not wanted[field] then
      redis.call('HDEL', key, field)
      changed = true
    end
  end
end
for field, value in pairs(wanted) do
  if redis.call('HGET', key, field) ~= value then
    redis.call('HSET', key, field, value)
    changed = true
  end
end
if not changed then return ALREADY end
local limited, queues = false, false
for _, field in ipairs(redis.call('HKEYS', key)) do
  if string.sub(field, 1, 6) == 'queue:' then queues = true else limited = true end
end
local was_limited = redis.call('HGET', P .. 'claims', 'limited')
redis.call('HDEL', P .. 'claims', 'limited', 'queues')
if queues then redis.call('HSET', P .. 'claims', 'queues', 1) end
if limited then redis.call('HSET', P .. 'claims', 'limited', 1) end
-- Once, when limits come into force: all that workers have counts from now on.
if limited and not was_limited then
  for _, worker in ipairs(redis.call('SMEMBERS', P .. 'workers')) do
    for _, id in ipairs(redis.call('SMEMBERS', P .. 'worker:' .. worker .. ':jobs')) do
      local j = redis.call('HMGET', job_key(id), 'type', 'serverId')
      if j[1] then count_claim(id, j[1], j[2]) end
    end
  end
end
wake_lanes(function() return true end)
redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', 'limitsChanged', 'status', '',
  'reason', '', 'workerId', '', 'attempt', '', 'fence', '', 'data', '')
return OK
