-- Pauses or resumes a schedule.
-- ARGV: id, its revision, '1' to pause and '0' to resume, tick of the next run in ms or '', when that comes due in ms
-- Returns: OK | NOT_FOUND | HEAD_CHANGED (it was changed meanwhile)
--- @include common
--- @include schedules
local id, revision, paused, tick, due = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = schedule_key(id)
local found = redis.call('HGET', key, 'revision')
if not found then return NOT_FOUND end
if found ~= revision then return HEAD_CHANGED end
redis.call('HSET', key, 'paused', paused, 'updatedAt', AT)
redis.call('HINCRBY', key, 'revision', 1)
set_next(id, tick, due)
announce(paused == '1' and 'schedulePaused' or 'scheduleResumed', 'scheduleId', id, nil)
return OK
