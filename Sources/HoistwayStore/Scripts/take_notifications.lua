-- Leases notifications that are due to a process that sends them; if it dies, they are due again after the lease.
-- ARGV: lease in ms
-- Returns: per notification its name (job id and index), and which try this is
--- @include common
local taken = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'notify', '-inf', NOW, 'LIMIT', 0, 20)) do
  redis.call('ZADD', P .. 'notify', number(NOW + tonumber(ARGV[1])), name)
  taken[#taken + 1] = { name, redis.call('HINCRBY', P .. 'notify:tries', name, 1) }
end
return taken
