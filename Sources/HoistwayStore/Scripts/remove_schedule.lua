-- Removes a schedule; its jobs stay.
-- ARGV: id
-- Returns: OK | NOT_FOUND
--- @include common
--- @include schedules
if redis.call('DEL', schedule_key(ARGV[1])) == 0 then return NOT_FOUND end
redis.call('ZREM', P .. 'schedules', ARGV[1])
announce('scheduleRemoved', 'scheduleId', ARGV[1], nil)
return OK
