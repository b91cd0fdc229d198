-- The newest job of a key ends the older ones that still wait and keeps their place in line.

finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end

-- How many waiting jobs one script may still look at. `superseding` has what is left to the tick: for a key its newest
-- superseding job, that one's number in the order of acceptance, the end of the line it met, and how far that was seen.
local looks = 100

-- Ends what waits in the line of a key between two places, and then what comes to it later, as far as it was accepted
-- before `sequence`.
-- Returns: the place of the first that was ended.
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end

-- Returns the turn handed over ('queued' with its place in the queue, 'held' without) or nil, and the place among
-- those who wait for a turn.
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
      -- It was accepted later, while this one waited for its time.
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
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
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
