-- Enqueues a run of a schedule and notes the next one, in one step: whoever comes second finds another next run and does
-- nothing.
-- ARGV: schedule, its revision, tick of the next run as it was read, tick of the run after it or '', when that comes due in
--       ms, overlap (skip queue replace), what to enqueue: tick of the run in ms, '' for nothing, 'now' for one beside the
--       schedule; then the arguments of `admit.lua`, without an id where one is to be made of the schedule and the requestId
-- Returns: { OK, job id } | { ALREADY, job id or '' (nothing was enqueued) } | { NOT_FOUND | HEAD_CHANGED, '' } | what
--          `admit.lua` returns when it refuses
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include quarantine
--- @include admission
--- @include admit
--- @include schedules
local schedule, revision, seen, tick, due, overlap, run = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local WHY = { [CONFLICT] = 'its concurrency key is in use', [UNKNOWN_DEPENDENCY] = 'a job it depends on does not exist',
  [ID_IN_USE] = 'a job of its id is there already', [QUEUE_FULL] = 'its queue is full',
  [QUARANTINED] = 'its like was lost three times' }
local key = schedule_key(schedule)
local s = redis.call('HMGET', key, 'revision', 'next', 'lastJobId')
if not s[1] then return { NOT_FOUND, '' } end
if run ~= 'now' then
  if s[1] ~= revision or s[2] ~= seen then return { HEAD_CHANGED, '' } end
  set_next(schedule, tick, due)
end
local at = run ~= 'now' and iso(tonumber(run ~= '' and run or seen)) or nil
local function note(event, why)
  local data = '{"tick":' .. quoted(at) .. ',"because":' .. quoted(why) .. '}'
  redis.call('HSET', key, 'lastSkipped', data)
  announce(event, 'scheduleId', schedule, data)
end
if run == '' then
  note('scheduleMissed', 'nobody was there at its time')
  return { ALREADY, '' }
end
local last = s[3] and redis.call('HMGET', job_key(s[3]), 'status', 'reason', 'workerId') or {}
local living = last[1] == 'pending' or last[1] == 'running'
if living and overlap == 'skip' then
  note('scheduleSkipped', 'its job ' .. s[3] .. ' has not ended')
  return { ALREADY, '' }
end

local A = {}
for index = 8, #ARGV do A[#A + 1] = ARGV[index] end
if A[3] == '' then A[3] = schedule .. '-' .. redis.sha1hex(A[17]) end
local id = A[3]
local answer = admit(A, '{"scheduleId":' .. quoted(schedule) .. ',"tick":' .. quoted(at) .. '}')
if answer[1] ~= OK then
  if answer[1] ~= ALREADY and run ~= 'now' then note('scheduleFailed', WHY[answer[1]] or 'it was refused') end
  return answer
end
redis.call('HSET', key, 'lastJobId', id, 'lastRunAt', AT)
-- What was admitted may have ended the last job by itself.
last = living and redis.call('HMGET', job_key(s[3]), 'status', 'reason', 'workerId') or {}
if overlap == 'replace' then
  if last[1] == 'pending' and last[2] ~= 'starting' then
    finish(s[3], 'superseded', 'error', 'superseded', { 'supersededBy', id, 'message', 'superseded by ' .. id },
      '{"supersededBy":' .. quoted(id) .. '}')
  elseif last[1] == 'pending' or last[1] == 'running' then
    redis.call('HSET', job_key(s[3]), 'supersededBy', id)
    request_kill(s[3], last[3], nil, nil, 'null', quoted('superseded by ' .. id))
  end
end
return answer
