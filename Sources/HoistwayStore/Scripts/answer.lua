-- Takes a command that was carried out from the control list and answers it. A command read by two processes is
-- carried out by both (each command has its effect once), but answered by the one that takes it here.
-- ARGV: the command as it lies there, replyTo or '', answer as JSON, requestId or ''
-- Returns: OK | HEAD_CHANGED
--- @include common
local list = P .. 'control'
if redis.call('LINDEX', list, 0) ~= ARGV[1] then return HEAD_CHANGED end
redis.call('LPOP', list)
if ARGV[4] ~= '' then redis.call('SET', P .. 'request:' .. ARGV[4], ARGV[3], 'EX', 86400) end
reply(ARGV[2], ARGV[3])
return OK
