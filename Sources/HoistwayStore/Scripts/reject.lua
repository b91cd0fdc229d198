-- Takes a document that cannot be understood out of its list and keeps it where people look for it.
-- ARGV: inbox or control list, the document as it lies there, list of the rejected, entry without its end
--       (`{"raw":…,"error":…`), queue, replyTo, error as JSON, usable id or '', type, resourceId or '', message
-- Returns: OK | HEAD_CHANGED
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include admission
local list, raw, rejected, entry, queue, reply_to, problem = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local id, kind, resource, message = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
if redis.call('LINDEX', list, 0) ~= raw then return HEAD_CHANGED end
redis.call('LPOP', list)
redis.call('LPUSH', rejected, entry .. ',"at":"' .. AT .. '","queue":"' .. queue .. '"}')
redis.call('LTRIM', rejected, 0, 999)
if id ~= '' and redis.call('EXISTS', job_key(id)) == 0 then
  create(id, kind, resource, { 'priority', '5', 'concurrencyKey', kind .. ':' .. resource })
  finish(id, 'rejected', 'error', 'rejected', { 'message', message, 'error', problem }, problem)
end
reply(reply_to, '{"ok":false,"error":' .. problem .. '}')
return OK
