-- The limits of a configuration take the place of those there are, section by section.
-- ARGV: how many prefixes of fields, the prefixes (of the sections that the configuration has), then fields in pairs
-- Returns: OK | ALREADY (nothing changed)
--- @include common
--- @include queue
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
wake_lanes(function() return true end)
redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', 'limitsChanged', 'status', '',
  'reason', '', 'workerId', '', 'attempt', '', 'fence', '', 'data', '')
return OK
