-- The end of a job, and what it sets free.

-- Dependents of a job that ended, oldest first: those whose last open dependency it was go on, those of a failed one are
-- skipped.
local settle_dependents

-- Ends a job for good. `fields` are further hash fields; nothing of the job is left in a queue, a turn or a claim.
-- An id that stands in a long queue stays there and is passed over by whoever finds it.
finish = function(id, event, status, reason, fields, data)
  local key = job_key(id)
  local j = redis.call('HMGET', key, 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node',
    'serverId', 'priority', 'reason')
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT }
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  redis.call('HDEL', key, 'pid', 'pidStartTime', 'remotePid', 'reason', 'runAt')
  if reason then redis.call('HSET', key, 'reason', reason) end
  redis.call('HINCRBY', key, 'revision', 1)

  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j[6] == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j[1], id)
    if j[10] == 'queued' or j[10] == 'paused' then
      local lane = lane_of(j[1], j[7], j[8], j[9])
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j[7], j[8]), lane)
      end
      if j[10] == 'paused' then redis.call('SREM', P .. 'paused:' .. j[1], id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j[2], id)
      redis.call('ZREM', P .. 'later:' .. j[2], id)
    end
  end
  redis.call('ZREM', P .. 'deadlines', id)
  for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
    redis.call('ZREM', job_key(dependency) .. ':dependents', id)
  end
  redis.call('DEL', key .. ':dependencies')
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j[6] == 'running' or j[10] == 'starting' then free_claim(id, j[3], j[1], j[8]) end
  record(id, event, status, reason, j[3], j[4], j[5], data)
  free_turn(j[2], id)
  settle_dependents(id, status)
end

-- How many dependents one script may still settle; what is left of a job's is noted for the next tick.
local budget = 100

settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  for _, dependent in ipairs(budget > 0 and redis.call('ZRANGE', dependents, 0, budget - 1) or {}) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        finish(dependent, 'skipped', 'error', 'skipped', { 'message', 'a job it depends on ended in error: ' .. id },
          '{"dependency":' .. quoted(id) .. '}')
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
