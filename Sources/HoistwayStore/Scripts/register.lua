-- A process introduces itself: the schema of the keys, the types it knows and, for a worker, its record.
-- ARGV: schema, least schema that may read it, worker id or '', number of types, the types, then fields of the
--       worker's hash in pairs
-- Returns: { OK, ids of the jobs the worker still has } | { WRONG_STATE, schema found, least schema that may read it }
--- @include common
--- @include types
local schema, reader, worker, count = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local found = redis.call('HMGET', KEYS[1], 'schema', 'minReader')
if found[1] and (tonumber(found[2] or '1') > schema or tonumber(found[1]) > schema + 1) then
  return { WRONG_STATE, found[1], found[2] or '1' }
end
if not found[1] then redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'minReader', ARGV[2]) end
know_types(5, count)
if worker == '' then return { OK, {} } end
local key = P .. 'worker:' .. worker
local values = { 'startedAt', AT, 'heartbeatAt', AT, 'state', 'running' }
for index = 5 + count, #ARGV do values[#values + 1] = ARGV[index] end
redis.call('HSET', key, unpack(values))
redis.call('HDEL', key, 'stopMode')
redis.call('PERSIST', key)
redis.call('DEL', key .. ':forgotten')
redis.call('SADD', P .. 'workers', worker)
local jobs = redis.call('SMEMBERS', key .. ':jobs')
announce('workerStarted', 'workerId', worker, '{"jobs":' .. #jobs .. '}')
return { OK, jobs }
