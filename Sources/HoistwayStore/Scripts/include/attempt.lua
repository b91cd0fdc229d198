-- The guard of every script that a worker calls for an attempt: its fence must still be the job's.
-- Returns a code and the fields status, reason, attempt, workerId.
local function attempt_of(id, fence)
  local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'attempt', 'workerId', 'fence')
  if not j[1] then return NOT_FOUND end
  if j[5] ~= fence then return STALE_FENCE end
  if j[1] == 'done' or j[1] == 'error' then return ALREADY, j end
  if j[1] == 'pending' and j[2] ~= 'starting' then return ALREADY, j end
  return OK, j
end
