-- Ends a job, ends what a superseding job leaves behind: in files of their own, for scripts that end jobs or free turns.
local finish, finish_superseded, supersede

-- Lanes and turns. A lane is one queue list: a type, a scope ('', '@node', '!server', '@node!server') and a priority.
-- A turn of a concurrency key is written in the hash `turns` (key -> ids of the holders, separated by spaces), so that
-- how many hold one is read from the holders themselves.

local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end

local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end

-- The type, scope and priority ('' for the usual one) of a lane.
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end

-- The indexes that only some jobs stand in: of their server, of the schedule that made them, and of each of their labels.
-- Labels are an object of strings, which cjson keeps as they are.
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end

-- An empty lane is in no set of lanes.
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end

-- Hints to one worker that waits for this type and scope.
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end

-- Hints at every queue that fits and is not empty.
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end

-- Puts a job that holds a turn into its lane and wakes a worker. `front` puts it before all others.
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end

local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end

-- Sets the fields of a waiting job that stands in its queue from now on, and puts it there unless it has a place already.
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end

local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end

local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end

-- How many holders a job bears beside itself, itself included; never changes.
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end

-- Whether one more may hold a turn: the limits of all who hold one count, not only that of who asks.
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end

-- Whether a job may take a turn at once: a free one, and nobody waiting longer.
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end

-- The job that supersedes this one, but whose script did not come to it: the tick will, unless it asks for a turn before.
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end

-- How many turns one script may still give; `giving` has the keys where the tick goes on.
local gifts = 100

-- Gives free turns to those who wait for them, in their order.
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end

local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end

-- A job that waited for its time or its dependencies asks for its turn; one that waited to be tried again has kept it.
-- A delayed job takes its place in line now, one that waited for dependencies alone stands where it was accepted. Who
-- supersedes does it now.
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
