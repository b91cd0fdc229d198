-- The newest job of a key ends the older ones that still wait and keeps their place in line.

-- Returns the turn handed over ('queued' with its place in the queue, 'held' without) or nil, and the place among
-- those who wait for a turn.
local function supersede(id, j, running)
  local fields = { 'supersededBy', id, 'message', 'superseded by ' .. id }
  local data = '{"supersededBy":' .. quoted(id) .. '}'
  local turn, first
  local function finish_waiting(older)
    if redis.call('HGET', job_key(older), 'status') == 'pending' then
      finish(older, 'superseded', 'error', 'superseded', fields, data)
    end
  end
  local waiting = redis.call('ZRANGE', P .. 'waiting:' .. j.key, 0, -1, 'WITHSCORES')
  for index = 1, #waiting, 2 do
    first = first or waiting[index + 1]
    finish_waiting(waiting[index])
  end
  for _, older in ipairs(redis.call('ZRANGE', P .. 'later:' .. j.key, 0, -1)) do
    if older ~= id then finish_waiting(older) end
  end
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish(holder, 'superseded', 'error', 'superseded', fields, data)
    elseif running and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, 'null', quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
