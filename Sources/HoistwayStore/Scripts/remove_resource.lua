-- Removes what is deployed when a resource is named alone; its jobs stay.
-- ARGV: type, id, version it must have ('' for any)
-- Returns: { OK, version it had } | { NOT_FOUND, '0' } | { HEAD_CHANGED, version it has }
--- @include common
local kind, id, expected = ARGV[1], ARGV[2], ARGV[3]
local key = P .. 'resource:' .. kind .. ':' .. id
local version = redis.call('HGET', key, 'version')
if not version then return { NOT_FOUND, '0' } end
if expected ~= '' and expected ~= version then return { HEAD_CHANGED, version } end
redis.call('DEL', key)
redis.call('SREM', P .. 'resources', kind .. ':' .. id)
announce('resourceRemoved', 'type', kind, '{"resourceId":' .. quoted(id) .. '}')
return { OK, version }
