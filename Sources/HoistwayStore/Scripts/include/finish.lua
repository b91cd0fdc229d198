-- The end of a job, and what it sets free.

-- Dependents of a job that ended, oldest first: those whose last open dependency it was go on, those of a failed one are
-- skipped.
local settle_dependents

local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }

-- Ends a job for good. `fields` are further hash fields; nothing of the job is left in a queue, a turn or a claim.
-- An id that stands in a long queue stays there and is passed over by whoever finds it.
-- `j` are its fields, where they were read already.
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))

  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  -- Per notification a letter: for both ends, for done, for error, for none.
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end

-- Ends a job because one that it depends on did not end well.
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end

-- How many dependents one script may still settle; what is left of a job's is noted for the next tick.
local budget = 100

settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
