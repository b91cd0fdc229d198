-- The process of an attempt started.
-- ARGV: id, fence, pid, pid start time, log path, when that was or ''
-- Returns: OK | ALREADY | STALE_FENCE | NOT_FOUND
--- @include common
--- @include attempt
--- @include logs
--- @include start
local id, fence = ARGV[1], ARGV[2]
despite_full_memory()
local code, j = attempt_of(id, fence, { 'updatedAt' })
if code ~= OK then return code end
if j.status == 'running' then return ALREADY end
local fields = { 'pid', ARGV[3], 'pidStartTime', ARGV[4], 'logPath', ARGV[5] }
-- Its host's clock may go wrong: after the claim, and not ahead of now.
if ARGV[6] > j.updatedAt and ARGV[6] < AT then
  fields[#fields + 1] = 'startedAt'
  fields[#fields + 1] = ARGV[6]
end
begin(id, j, fields, '{"pid":' .. ARGV[3] .. '}')
return OK
