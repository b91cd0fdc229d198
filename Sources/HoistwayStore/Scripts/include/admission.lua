-- Makes a job and finds its place: waiting for a time, a dependency or a turn, or in its queue.

-- A job of a type that waits or runs; of those that run it is found among the newest 100 of the type.
local function active_of(kind)
  local waiting = redis.call('ZRANGE', P .. 'index:pending:' .. kind, 0, 0)[1]
  if waiting then return waiting end
  for _, id in ipairs(redis.call('ZREVRANGE', P .. 'index:type:' .. kind, 0, 99)) do
    if redis.call('HGET', job_key(id), 'status') == 'running' then return id end
  end
end

-- Writes the hash and the indexes of a new pending job. `fields` are its own hash fields, in pairs.
local function create(id, kind, resource, fields)
  local values = { 'id', id, 'type', kind, 'status', 'pending', 'resourceId', resource, 'createdAt', AT,
    'updatedAt', AT, 'revision', 1 }
  local own = {}
  for index, value in ipairs(fields) do
    values[#values + 1] = value
    if index % 2 == 1 then own[value] = fields[index + 1] end
  end
  redis.call('HSET', job_key(id), unpack(values))
  local sequence = redis.call('INCR', P .. 'sequence')
  redis.call('ZADD', P .. 'index', sequence, id)
  redis.call('ZADD', P .. 'index:type:' .. kind, sequence, id)
  redis.call('ZADD', P .. 'index:resource:' .. kind .. ':' .. resource, sequence, id)
  redis.call('ZADD', P .. 'index:pending:' .. kind, sequence, id)
  for _, name in ipairs(further_indexes(own.serverId, own.labels, own.scheduleId)) do
    redis.call('ZADD', P .. name, sequence, id)
  end
  return sequence
end

-- Gives a new job its first state. `due` is its time in ms, 0 for at once; `open` says that a dependency is open;
-- `turn` that a job it replaces handed its turn and its place in the queue over to it; `j.data` goes into the history.
local function place(id, j, sequence, due, open, turn)
  local reason
  if open then
    reason = 'blocked'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    if due > NOW then redis.call('ZADD', P .. 'delayed', due, id) end
  elseif due > NOW then
    reason = 'delayed'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    redis.call('ZADD', P .. 'delayed', due, id)
  else
    local holders = holders_of(j.key)
    if turn or turn_free(j.key, holders, j.limit) then
      if not turn then take_turn(j.key, holders, id) end
      reason = type_paused(j.kind) and 'paused' or 'queued'
      if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j.kind, id) end
      redis.call('HSET', job_key(id), 'queuedAt', AT)
      if turn ~= 'queued' then enqueue(id, j.kind, scope_of(j.node, j.server), j.priority) end
    else
      reason = 'blocked'
      redis.call('ZADD', P .. 'waiting:' .. j.key, j.place or sequence, id)
    end
  end
  redis.call('HSET', job_key(id), 'reason', reason)
  if due > NOW then redis.call('HSET', job_key(id), 'runAt', iso(due)) end
  record(id, 'accepted', 'pending', reason, nil, nil, nil, j.data)
  return reason
end
