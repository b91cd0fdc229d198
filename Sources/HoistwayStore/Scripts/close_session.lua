-- Ends a session of a browser.
-- ARGV: id
-- Returns: OK | NOT_FOUND
--- @include common
if redis.call('DEL', P .. 'session:' .. ARGV[1]) == 0 then return NOT_FOUND end
announce('loggedOut', 'tokenId', ARGV[1], nil)
return OK
