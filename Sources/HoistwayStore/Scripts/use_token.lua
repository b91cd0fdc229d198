-- Notes that a token was used, unless it is revoked meanwhile.
-- ARGV: id
-- Returns: OK | NOT_FOUND
--- @include common
local key = P .. 'token:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return NOT_FOUND end
redis.call('HSET', key, 'lastUsedAt', AT)
return OK
