-- The folder of a removed job is gone from its worker's disk.
-- ARGV: worker id, job ids
-- Returns: OK
--- @include common
for index = 2, #ARGV do redis.call('SREM', P .. 'worker:' .. ARGV[1] .. ':removed', ARGV[index]) end
return OK
