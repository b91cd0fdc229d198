-- One process at a time carries out the commands of the control list; it holds the role for as long as it says so, and
-- loses it 2 s after it was last heard of.
-- ARGV: token of the holder, '1' to take or keep the role, '0' to let it go
-- Returns: OK | CONFLICT (somebody else has it)
--- @include common
local role = P .. 'role:control'
local holder = redis.call('GET', role)
if holder and holder ~= ARGV[1] then return CONFLICT end
if ARGV[2] == '1' then
  redis.call('SET', role, ARGV[1], 'PX', 2000)
else
  redis.call('DEL', role)
end
return OK
