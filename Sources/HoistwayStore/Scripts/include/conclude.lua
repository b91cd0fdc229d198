-- How an attempt ends: its job is done, in error, or waits to be tried again.
local CONCLUDE_FIELDS = { 'concurrencyKey', 'node', 'serverId', 'priority', 'failures', 'maxAttempts', 'supersededBy',
  'spawnFaults', 'lostFaults', 'temporaries', 'counted', 'suspect', 'notify' }

-- `fields` are further hash fields in pairs, `wait` the ms before the next attempt.
-- Returns: OK, status, reason | ALREADY | STALE_FENCE | NOT_FOUND
local function conclude(id, fence, outcome, repeatable, temporary, wait, fields)
  despite_full_memory()
  local code, j = attempt_of(id, fence, CONCLUDE_FIELDS)
  if code ~= OK then return code, '', '' end
  local key = job_key(id)
  -- The field `kill` may be the receipt of what the monitor ended by itself, such as a timeout: this is what was asked for.
  j.was_killed = redis.call('HEXISTS', P .. 'worker:' .. j.workerId .. ':kills', id) == 1
  local failures, attempts = tonumber(j.failures or '0'), tonumber(j.maxAttempts or '1')

  if redis.call('EXISTS', key .. ':log') == 1 then redis.call('ZADD', P .. 'logs:ended', NOW + 600000, id) end
  if j.status == 'pending' and (outcome == 'done' or outcome == 'timeout' or outcome == 'idle') then
    begin(id, j, {}, nil)
  end
  if outcome == 'done' then
    fields[#fields + 1] = 'progress'
    fields[#fields + 1] = 100
    finish(id, 'done', 'done', nil, fields, nil, j)
    if j.suspect then count_loss(id, false) end
    return OK, 'done', ''
  end

  local again = false
  local counted = {}
  if j.spawnFaults and outcome ~= 'spawn' then counted = { 'spawnFaults', 0 } end
  if j.lostFaults and outcome ~= 'lost' then
    counted[#counted + 1] = 'lostFaults'
    counted[#counted + 1] = 0
  end
  if outcome == 'spawn' then
    local faults = tonumber(j.spawnFaults or '0') + 1
    counted[#counted + 1] = 'spawnFaults'
    counted[#counted + 1] = faults
    again = repeatable and faults <= 3
  elseif outcome == 'lost' then
    local faults = tonumber(j.lostFaults or '0') + 1
    counted[#counted + 1] = 'lostFaults'
    counted[#counted + 1] = faults
    again = attempts > 1 and faults <= 3
  elseif outcome ~= 'killed' then
    failures = failures + 1
    counted[#counted + 1] = 'failures'
    counted[#counted + 1] = failures
    again = repeatable and failures < attempts
    if temporary then
      local temporaries = tonumber(j.temporaries or '0') + 1
      counted[#counted + 1] = 'temporaries'
      counted[#counted + 1] = temporaries
      again = again or repeatable and temporaries <= 3
    end
  end
  for _, value in ipairs(counted) do fields[#fields + 1] = value end

  if j.was_killed then
    if outcome == 'spawn' then
      for _, value in ipairs(fields_of_kill(id)) do fields[#fields + 1] = value end
    end
    local reason = j.supersededBy and 'superseded' or 'killed'
    finish(id, reason, 'error', reason, fields, nil, j)
    return OK, 'error', reason
  end
  if not again then
    finish(id, outcome, 'error', outcome, fields, nil, j)
    if outcome == 'lost' or j.suspect and outcome ~= 'spawn' then count_loss(id, outcome == 'lost') end
    return OK, 'error', outcome
  end

  local due = NOW + tonumber(wait)
  local values = { 'status', 'pending', 'reason', 'retrying', 'runAt', iso(due), 'updatedAt', AT, 'revision',
    next_revision(j) }
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  redis.call('HDEL', key, 'pid', 'pidStartTime', 'remotePid')
  redis.call('ZREM', P .. 'index:running', id)
  if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
  redis.call('ZADD', P .. 'index:pending:' .. j.type, redis.call('ZSCORE', P .. 'index', id), id)
  redis.call('ZADD', P .. 'delayed', due, id)
  free_claim(id, j)
  record(id, 'retrying', 'pending', 'retrying', j.workerId, j.attempt, fence, '{"cause":"' .. outcome .. '","wait":' .. wait / 1000 .. '}')
  return OK, 'pending', 'retrying'
end
