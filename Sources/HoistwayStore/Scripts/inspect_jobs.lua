-- What is wrong with jobs: each has exactly one home, which fits its status, and is wherever it has to be. Changes nothing.
-- ARGV: per job its id and '1' when it was seen in its queue a moment ago
-- Returns: sentences
--- @include common
--- @include queue
local found = {}
local ENDED = { done = true, error = true }
local HOLDING = { queued = true, paused = true, starting = true, retrying = true }

local function inspect(id, seen)
  local key = job_key(id)
  local h = redis.call('HMGET', key, 'status', 'reason', 'type', 'resourceId', 'concurrencyKey', 'node', 'serverId',
    'priority', 'workerId', 'fence', 'attempt', 'revision', 'completedAt', 'progress', 'kill', 'pid',
    'counted')
  local status, reason, kind, turn, worker = h[1], h[2] or '', h[3], h[5], h[9] or ''
  if not status then return end
  local function say(text)
    found[#found + 1] = 'job ' .. id .. ' (' .. status .. (reason ~= '' and ' ' .. reason or '') .. ') ' .. text
  end
  local function expect(should, is, what)
    if should and not is then say('is not in ' .. what) end
    if is and not should then say('is in ' .. what) end
  end
  local function in_sorted(name) return redis.call('ZSCORE', P .. name, id) ~= false end
  local function in_set(name) return redis.call('SISMEMBER', P .. name, id) == 1 end

  if not kind or not h[4] or not turn or not h[8] then return say('lacks its type, resourceId, concurrencyKey or priority') end
  local pending, running = status == 'pending', status == 'running'
  local open = redis.call('EXISTS', key .. ':dependencies') == 1
  local waiting, later = pending and reason == 'blocked' and not open, pending and (reason == 'delayed' or open)
  local timed = in_sorted('delayed')
  expect(true, in_sorted('index'), 'the index')
  expect(true, in_sorted('index:type:' .. kind), 'the index of its type')
  expect(true, in_sorted('index:resource:' .. kind .. ':' .. h[4]), 'the index of its resource')
  expect(pending, in_sorted('index:pending:' .. kind), 'the index of pending jobs')
  expect(running, in_sorted('index:running'), 'the index of running jobs')
  expect(status == 'done', in_sorted('index:done'), 'the index of jobs that are done')
  expect(status == 'error', in_sorted('index:error'), 'the index of jobs in error')
  expect(waiting, in_sorted('waiting:' .. turn), 'the line of its concurrency key')
  expect(later, in_sorted('later:' .. turn), 'the jobs that come later to its concurrency key')
  expect(pending and (reason == 'delayed' or reason == 'retrying' or later and timed), timed, 'the delayed jobs')
  expect(pending and reason == 'paused', in_set('paused:' .. kind), 'the paused jobs of its type')
  expect(pending and reason == 'starting' or running, worker ~= '' and in_set('worker:' .. worker .. ':jobs'),
    'the jobs of its worker')
  local counts = h[17] and (pending and reason == 'starting' or running)
  expect(counts, in_set('claimed:type:' .. kind), 'the claims of its type')
  if h[7] then expect(counts, in_set('claimed:server:' .. h[7]), 'the claims for its server') end
  expect((reason == 'starting' or running) and h[15], worker ~= '' and redis.call('HEXISTS', P .. 'worker:' .. worker
    .. ':kills', id) == 1, 'the kills of its worker')
  if not pending and in_sorted('deadlines') then say('still has a deadline for its start') end
  if not pending and open then say('still has open dependencies') end

  local holds = false
  for _, holder in ipairs(holders_of(turn)) do holds = holds or holder == id end
  expect(running or pending and HOLDING[reason], holds, 'the turns of its concurrency key')
  if pending and (reason == 'queued' or reason == 'paused') and seen ~= '1' then
    local lane = lane_of(kind, h[6], h[7], h[8])
    if not redis.call('LPOS', P .. 'queue:' .. lane, id) then say('is not in its queue ' .. lane) end
  end

  if (running or reason == 'starting') and (worker == '' or not h[10] or tonumber(h[11] or '0') < 1) then
    say('has no worker, fence or attempt')
  end
  if not running and h[16] then say('has a pid') end
  if (ENDED[status] or false) ~= (h[13] ~= false) then say('has completedAt ' .. (h[13] or 'missing')) end
  if (status == 'done') ~= (h[14] == '100') then say('has progress ' .. (h[14] or 'missing')) end
  local last = redis.call('LINDEX', key .. ':history', -1)
  if not last or not string.find(last, '"status":"' .. status .. '","reason":' .. quoted(reason) .. ',', 1, true) then
    say('is not where its history ends')
  end
  if redis.call('LLEN', key .. ':history') > tonumber(h[12] or '0') then say('changed more often than its revision says') end
  for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
    local state = redis.call('HGET', job_key(dependency), 'status')
    if redis.call('ZSCORE', job_key(dependency) .. ':dependents', id) == false then
      say('is not among the dependents of ' .. dependency)
    elseif (not state or ENDED[state]) and redis.call('HEXISTS', P .. 'settling', dependency) == 0 then
      say('waits for ' .. dependency .. ', which is over')
    end
  end
end

for index = 1, #ARGV, 2 do inspect(ARGV[index], ARGV[index + 1]) end
return found
