-- Revokes a token of the HTTP API.
-- ARGV: id, who revokes it
-- Returns: OK | NOT_FOUND
--- @include common
local id, by = ARGV[1], ARGV[2]
redis.call('SREM', P .. 'tokens', id)
if redis.call('DEL', P .. 'token:' .. id) == 0 then return NOT_FOUND end
announce('tokenRevoked', 'tokenId', id, '{"by":' .. quoted(by) .. '}')
return OK
