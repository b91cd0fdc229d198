-- Writes what a one-time link of the HTTP API opens: what tells its code, never the code itself.
-- ARGV: id, who made it, milliseconds until it is void, then its fields in pairs
-- Returns: OK | ID_IN_USE
--- @include common
local id, by = ARGV[1], ARGV[2]
local key = P .. 'login:' .. id
if redis.call('EXISTS', key) == 1 then return ID_IN_USE end
local fields = { 'id', id, 'createdAt', AT }
for index = 4, #ARGV do fields[#fields + 1] = ARGV[index] end
redis.call('HSET', key, unpack(fields))
redis.call('PEXPIRE', key, ARGV[3])
announce('loginCreated', 'tokenId', id, '{"by":' .. quoted(by) .. '}')
return OK
