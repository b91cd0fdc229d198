-- What is wrong with jobs: each has exactly one home, which fits its status, and is wherever it has to be. The hash of a
-- job is the truth, its places follow. Judges and repairs each job in one step; changes nothing unless it repairs.
-- ARGV: '1' to repair or '0', then per job its id and '1' when it was seen in its queue a moment ago
-- Returns: breaches, each { kind, id, sentence, 1 when it can be repaired, 1 when it was }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
local repairing = ARGV[1] == '1'
local found = {}
local ENDED = { done = true, error = true }
local HOLDING = { queued = true, paused = true, starting = true, retrying = true }
local WAITS = { queued = true, paused = true, starting = true, retrying = true, delayed = true, blocked = true }

local function inspect(id, seen)
  local key = job_key(id)
  local h = redis.call('HMGET', key, 'status', 'reason', 'type', 'resourceId', 'concurrencyKey', 'node', 'serverId',
    'priority', 'workerId', 'fence', 'attempt', 'revision', 'completedAt', 'progress', 'kill', 'pid', 'labels', 'runAt',
    'concurrencyLimit', 'counted', 'scheduleId')
  local status, reason, kind, turn, worker = h[1], h[2] or '', h[3], h[5], h[9] or ''
  if not status then return end
  local repairs, told = {}, {}
  local function say(what, text, repair)
    found[#found + 1] = { what, id, 'job ' .. id .. ' (' .. status .. (reason ~= '' and ' ' .. reason or '') .. ') ' .. text,
      repair and 1 or 0, repairing and repair and 1 or 0 }
    if repair then
      repairs[#repairs + 1] = repair
      told[#told + 1] = quoted(text)
    end
  end

  if not kind or not h[4] or not turn or not h[8] then
    return say('fields', 'lacks its type, resourceId, concurrencyKey or priority')
  end
  local pending, running = status == 'pending', status == 'running'
  if not pending and not running and not ENDED[status] then return say('fields', 'has a status that there is none of') end

  local function sequence()
    local names = { 'index', 'index:type:' .. kind, 'index:resource:' .. kind .. ':' .. h[4], 'index:pending:' .. kind }
    for _, name in ipairs(names) do
      local score = redis.call('ZSCORE', P .. name, id)
      if score then return score end
    end
    local score = redis.call('INCR', P .. 'sequence')
    redis.call('ZADD', P .. 'index', score, id)
    return score
  end
  local function in_sorted(name) return redis.call('ZSCORE', P .. name, id) ~= false end
  local function expect(what, should, is, place, add, drop)
    if should and not is then say(what, 'is not in ' .. place, add) end
    if is and not should then say(what, 'is in ' .. place, drop) end
  end
  local function sorted(name, should, place, score)
    expect('index', should, in_sorted(name), place,
      function() redis.call('ZADD', P .. name, (score or sequence)(), id) end,
      function() redis.call('ZREM', P .. name, id) end)
  end
  -- When a time is not known any more, it has come.
  local function due()
    local year, month, day, hour, minute, second = string.match(h[18] or '', '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
    if not year then return NOW end
    for ms = NOW, NOW + 366 * 86400000, 86400000 do
      if string.sub(iso(ms), 1, 10) == year .. '-' .. month .. '-' .. day then
        return ms - ms % 86400000 + (hour * 3600 + minute * 60 + second) * 1000
      end
    end
    return NOW
  end

  local open = redis.call('EXISTS', key .. ':dependencies') == 1
  local line = P .. 'waiting:' .. turn
  if pending and not WAITS[reason] then
    say('fields', 'has no reason to wait', function()
      free_turn(turn, id)
      redis.call('HSET', key, 'reason', 'blocked')
      redis.call(open and 'ZADD' or 'ZREM', P .. 'later:' .. turn, unpack(open and { sequence(), id } or { id }))
      if not open then redis.call('ZADD', line, sequence(), id) end
    end)
  end
  local waiting, later = pending and reason == 'blocked' and not open, pending and (reason == 'delayed' or open)
  local timed = in_sorted('delayed')
  sorted('index', true, 'the index')
  sorted('index:type:' .. kind, true, 'the index of its type')
  sorted('index:resource:' .. kind .. ':' .. h[4], true, 'the index of its resource')
  for _, name in ipairs(further_indexes(h[7], h[17], h[21])) do sorted(name, true, name) end
  sorted('index:pending:' .. kind, pending, 'the index of pending jobs')
  sorted('index:running', running, 'the index of running jobs')
  sorted('index:done', status == 'done', 'the index of jobs that are done')
  sorted('index:error', status == 'error', 'the index of jobs in error')
  if WAITS[reason] or not pending then
    sorted('waiting:' .. turn, waiting, 'the line of its concurrency key')
    sorted('later:' .. turn, later, 'the jobs that come later to its concurrency key')
    sorted('delayed', pending and (reason == 'delayed' or reason == 'retrying' or later and timed), 'the delayed jobs', due)
  end
  expect('index', pending and reason == 'paused', redis.call('SISMEMBER', P .. 'paused:' .. kind, id) == 1,
    'the paused jobs of its type', function() redis.call('SADD', P .. 'paused:' .. kind, id) end,
    function() redis.call('SREM', P .. 'paused:' .. kind, id) end)

  local held = P .. 'worker:' .. worker
  local begun = pending and reason == 'starting' or running
  local lacking = begun and (worker == '' or not h[10] or tonumber(h[11] or '0') < 1)
  if lacking then say('fields', 'has no worker, fence or attempt') end
  if worker ~= '' then
    expect('worker', begun, redis.call('SISMEMBER', held .. ':jobs', id) == 1, 'the jobs of its worker',
      function() redis.call('SADD', held .. ':jobs', id) end, function() redis.call('SREM', held .. ':jobs', id) end)
    expect('kill', begun and h[15] ~= false, redis.call('HEXISTS', held .. ':kills', id) == 1, 'the kills of its worker',
      function() request_kill(id, worker, nil, nil, 'null', 'null') end, function()
        if begun then
          request_kill(id, worker, nil, nil, 'null', 'null')
        else
          redis.call('HDEL', held .. ':kills', id)
        end
      end)
  end
  local function claimed(name, place)
    expect('index', h[20] ~= false and begun, redis.call('SISMEMBER', P .. name, id) == 1, place,
      function() redis.call('SADD', P .. name, id) end, function() redis.call('SREM', P .. name, id) end)
  end
  claimed('claimed:type:' .. kind, 'the claims of its type')
  if h[7] then claimed('claimed:server:' .. h[7], 'the claims for its server') end
  if not pending and in_sorted('deadlines') then
    say('index', 'still has a deadline for its start', function() redis.call('ZREM', P .. 'deadlines', id) end)
  end
  if not pending and open then
    say('dependency', 'still has open dependencies', function()
      for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
        redis.call('ZREM', job_key(dependency) .. ':dependents', id)
      end
      redis.call('DEL', key .. ':dependencies')
    end)
  end

  local holds, lane = false, lane_of(kind, h[6], h[7], h[8])
  local holders = holders_of(turn)
  for _, holder in ipairs(holders) do holds = holds or holder == id end
  local blocked = false
  if WAITS[reason] or not pending then
    expect('turn', running or pending and HOLDING[reason], holds, 'the turns of its concurrency key', function()
      holders = holders_of(turn)
      if begun or turn_free(turn, holders, tonumber(h[19] or '1')) then return take_turn(turn, holders, id) end
      blocked = true
      redis.call('HSET', key, 'reason', 'blocked')
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('SREM', P .. 'paused:' .. kind, id)
      redis.call('ZADD', line, sequence(), id)
    end, function() free_turn(turn, id) end)
  end
  if pending and (reason == 'queued' or reason == 'paused') and seen ~= '1'
      and not redis.call('LPOS', P .. 'queue:' .. lane, id) then
    say('queue', 'is not in its queue ' .. lane, function()
      if not blocked then enqueue(id, kind, scope_of(h[6], h[7]), h[8], true) end
    end)
  end

  if not running and h[16] then say('fields', 'has a pid', function() redis.call('HDEL', key, 'pid', 'pidStartTime') end) end
  if (ENDED[status] or false) ~= (h[13] ~= false) then
    say('fields', h[13] and 'has completedAt ' .. h[13] or 'has no completedAt', function()
      if ENDED[status] then redis.call('HSET', key, 'completedAt', AT) else redis.call('HDEL', key, 'completedAt') end
    end)
  end
  if (status == 'done') ~= (h[14] == '100') then
    say('fields', 'has progress ' .. (h[14] or 'missing'), function()
      redis.call('HSET', key, 'progress', status == 'done' and 100 or 99)
    end)
  end
  local last = redis.call('LINDEX', key .. ':history', -1)
  if not last or not string.find(last, '"status":"' .. status .. '","reason":' .. quoted(reason) .. ',', 1, true) then
    say('history', 'is not where its history ends', function() end)
  end
  if redis.call('LLEN', key .. ':history') > tonumber(h[12] or '0') then
    say('fields', 'changed more often than its revision says', function()
      redis.call('HSET', key, 'revision', redis.call('LLEN', key .. ':history'))
    end)
  end
  for _, dependency in ipairs(pending and redis.call('SRANDMEMBER', key .. ':dependencies', 100) or {}) do
    local state = redis.call('HGET', job_key(dependency), 'status')
    local dependents = job_key(dependency) .. ':dependents'
    local over = not state or ENDED[state]
    if over and redis.call('HEXISTS', P .. 'settling', dependency) == 0 then
      say('dependency', 'waits for ' .. dependency .. ', which is ' .. (state and 'over' or 'gone'), function()
        redis.call('ZADD', dependents, sequence(), id)
        settle_dependents(dependency, state or 'error')
      end)
    elseif not redis.call('ZSCORE', dependents, id) then
      say('dependency', 'is not among the dependents of ' .. dependency, function()
        redis.call('ZADD', dependents, sequence(), id)
      end)
    end
  end

  if not repairing or #repairs == 0 then return end
  for _, repair in ipairs(repairs) do repair() end
  give_turns(turn)
  local now = redis.call('HMGET', key, 'status', 'reason', 'workerId', 'attempt', 'fence')
  redis.call('HSET', key, 'updatedAt', AT)
  redis.call('HINCRBY', key, 'revision', 1)
  record(id, 'repaired', now[1], now[2], now[3], now[4], now[5], '[' .. table.concat(told, ',') .. ']')
end

for index = 2, #ARGV, 2 do inspect(ARGV[index], ARGV[index + 1]) end
return found
