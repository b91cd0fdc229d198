-- Writes what is deployed when a resource is named alone.
-- ARGV: type, id, definition as JSON, version it must have ('' for any, '0' for none yet), its retention as JSON or ''
-- Returns: { OK | ALREADY (it was the same), version } | { HEAD_CHANGED, version it has }
--- @include common
local kind, id, definition, expected, retention = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = P .. 'resource:' .. kind .. ':' .. id
local r = redis.call('HMGET', key, 'version', 'definition')
if expected ~= '' and expected ~= (r[1] or '0') then return { HEAD_CHANGED, r[1] or '0' } end
if r[2] == definition then return { ALREADY, r[1] } end
local version = number(tonumber(r[1] or '0') + 1)
redis.call('HSET', key, 'type', kind, 'id', id, 'definition', definition, 'version', version, 'updatedAt', AT)
redis.call('HSETNX', key, 'createdAt', AT)
if retention == '' then redis.call('HDEL', key, 'retention') else redis.call('HSET', key, 'retention', retention) end
redis.call('SADD', P .. 'resources', kind .. ':' .. id)
announce('resourceChanged', 'type', kind, '{"resourceId":' .. quoted(id) .. ',"version":' .. version .. '}')
return { OK, version }
