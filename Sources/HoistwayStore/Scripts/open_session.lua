-- Makes a session of a one-time link, which is used up by that. Sent again it answers the same.
-- ARGV: id of the link, digest of its code, id of the session, digest of its secret, milliseconds that it lasts
-- Returns: OK | NOT_FOUND
--- @include common
local login, session = P .. 'login:' .. ARGV[1], P .. 'session:' .. ARGV[3]
if redis.call('HGET', session, 'digest') == ARGV[4] then return OK end
if redis.call('HGET', login, 'digest') ~= ARGV[2] then return NOT_FOUND end
local scopes = redis.call('HGET', login, 'scopes')
redis.call('DEL', login)
redis.call('HSET', session, 'id', ARGV[3], 'digest', ARGV[4], 'scopes', scopes, 'createdAt', AT, 'name', 'login ' .. ARGV[1])
redis.call('PEXPIRE', session, ARGV[5])
announce('loggedIn', 'tokenId', ARGV[3], '{"login":' .. quoted(ARGV[1]) .. '}')
return OK
