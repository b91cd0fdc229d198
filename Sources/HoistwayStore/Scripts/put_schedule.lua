-- Writes a schedule.
-- ARGV: id, '1' when it may replace another one, tick of the next run in ms or '', when that comes due in ms, its definition
--       as JSON, '1' when it is paused
-- Returns: OK | ALREADY (it was the same) | ID_IN_USE
--- @include common
--- @include schedules
local id, replace, tick, due, definition = ARGV[1], ARGV[2] == '1', ARGV[3], ARGV[4], ARGV[5]
local key = schedule_key(id)
local old = redis.call('HGET', key, 'definition')
if old == definition and not replace then return ALREADY end
if old and not replace then return ID_IN_USE end
redis.call('HSET', key, 'id', id, 'definition', definition, 'paused', ARGV[6], 'updatedAt', AT)
redis.call('HSETNX', key, 'createdAt', AT)
redis.call('HINCRBY', key, 'revision', 1)
set_next(id, tick, due)
announce(old and 'scheduleChanged' or 'scheduleAdded', 'scheduleId', id, nil)
return OK
