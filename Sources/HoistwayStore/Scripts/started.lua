-- The process of an attempt started.
-- ARGV: id, fence, pid, pid start time, log path
-- Returns: OK | ALREADY | STALE_FENCE | NOT_FOUND
--- @include common
--- @include attempt
--- @include logs
--- @include start
local id, fence = ARGV[1], ARGV[2]
despite_full_memory()
local code, j = attempt_of(id, fence)
if code ~= OK then return code end
if j.status == 'running' then return ALREADY end
begin(id, j, { 'pid', ARGV[3], 'pidStartTime', ARGV[4], 'logPath', ARGV[5] }, '{"pid":' .. ARGV[3] .. '}')
return OK
