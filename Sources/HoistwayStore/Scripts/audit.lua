-- Tells the stream of events who changed what by the HTTP API.
-- ARGV: id of the token or '', what was done as JSON
-- Returns: OK
--- @include common
announce('audit', 'tokenId', ARGV[1], ARGV[2])
return OK
