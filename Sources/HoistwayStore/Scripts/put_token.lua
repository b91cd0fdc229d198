-- Writes a new token of the HTTP API: what tells it, never the token itself.
-- ARGV: id, who made it, then its fields in pairs
-- Returns: OK | ID_IN_USE
--- @include common
local id, by = ARGV[1], ARGV[2]
local key = P .. 'token:' .. id
if redis.call('EXISTS', key) == 1 then return ID_IN_USE end
local fields = { 'id', id, 'createdAt', AT }
for index = 3, #ARGV do fields[#fields + 1] = ARGV[index] end
redis.call('HSET', key, unpack(fields))
redis.call('SADD', P .. 'tokens', id)
announce('tokenCreated', 'tokenId', id, '{"by":' .. quoted(by) .. '}')
return OK
