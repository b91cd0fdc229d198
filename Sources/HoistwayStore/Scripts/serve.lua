-- A worker that is on record serves other types than before.
-- ARGV: worker id, number of types, the types, then fields of the worker's hash in pairs
-- Returns: OK | NOT_FOUND (it is not on record: its types are known all the same)
--- @include common
--- @include types
local key, count = P .. 'worker:' .. ARGV[1], tonumber(ARGV[2])
know_types(3, count)
if redis.call('HEXISTS', key, 'state') == 0 then return NOT_FOUND end
local values = {}
for index = 3 + count, #ARGV do values[#values + 1] = ARGV[index] end
redis.call('HSET', key, unpack(values))
return OK
