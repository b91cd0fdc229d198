-- Hands jobs to a worker: lanes by priority, within one priority the one served longest ago; but every tenth job comes
-- from the lane that has not been served for longest, if that is more than a minute, so that none starves.
-- ARGV: worker id, host, how many, window of its leases in ms, highest fence it has seen, hold in ms, number of types, the
--       types, then the scopes the worker serves ('' first)
-- Returns: the hash of each job taken; none while claims are held because Redis lost data
--- @include common
--- @include queue
--- @include limits
--- @include leases
local worker, host, wanted, window, seen, count = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[7])
local claims = redis.call('HMGET', P .. 'claims', 'served', 'fence', 'limited', 'losses', 'hold')
local served, fence = tonumber(claims[1] or '0'), tonumber(claims[2] or '0')
if tonumber(seen) > fence then heed_loss(worker, seen, ARGV[6]) return {} end
if claims[5] then return {} end
-- What its former jobs set free is not for the worker that was declared dead.
if redis.call('EXISTS', P .. 'worker:' .. worker .. ':forgotten') == 1 then return {} end
local paused = {}
for _, kind in ipairs(redis.call('SMEMBERS', P .. 'paused')) do paused[kind] = true end
local types, scopes = {}, {}
for index = 8, 7 + count do types[ARGV[index]] = not paused[ARGV[index]] end
for index = 8 + count, #ARGV do scopes[#scopes + 1] = ARGV[index] scopes[ARGV[index]] = true end

-- What may not run any more for now, by `limits`. Such lanes are passed over like those of a paused type, so that nothing
-- has to bring them back; who makes room hints at them, and `rated` has when the tick does it for a rate.
local limited, limits, full = claims[3], {}, {}

local function is_full(name)
  local most = limits[name]
  return most and redis.call('SCARD', P .. 'claimed:' .. name) >= tonumber(most)
end

local function heed_type(kind)
  local opens = rate_opens(kind, limits['rate:' .. kind])
  if opens then redis.call('ZADD', P .. 'rated', number(opens), kind) end
  if opens or is_full('type:' .. kind) then types[kind] = false end
end

local function heed_server(scope)
  local server = string.match(scope, '!(.*)$')
  if server and is_full('server:' .. server) then full[scope] = true end
end

if limited then
  local all = redis.call('HGETALL', P .. 'limits')
  for index = 1, #all, 2 do limits[all[index]] = all[index + 1] end
  for kind, open in pairs(types) do
    if open then heed_type(kind) end
  end
  for _, scope in ipairs(scopes) do heed_server(scope) end
end

local function next_lane()
  if served % 10 == 9 then
    for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'lanes:unserved', '-inf', NOW - 60000, 'LIMIT', 0, 100)) do
      local kind, scope = parts(name)
      if types[kind] and scopes[scope] and not full[scope] then return name end
    end
  end
  local best, lowest
  for _, scope in ipairs(scopes) do
    local lanes = full[scope] and {} or redis.call('ZRANGE', P .. 'lanes' .. scope, 0, 999, 'WITHSCORES')
    for index = 1, #lanes, 2 do
      if types[parts(lanes[index])] then
        local score = tonumber(lanes[index + 1])
        if not lowest or score < lowest then best, lowest = lanes[index], score end
        break
      end
    end
  end
  return best
end

local function start(id, j)
  fence = math.max(fence + 1, NOW_US)
  local key = job_key(id)
  local attempt = tonumber(j.attempt or '0') + 1
  if j.workerId and j.workerId ~= worker then
    local past = j.pastWorkers or ''
    if not string.find(' ' .. past .. ' ', ' ' .. j.workerId .. ' ', 1, true) then
      redis.call('HSET', key, 'pastWorkers', past == '' and j.workerId or past .. ' ' .. j.workerId)
    end
  end
  if attempt > 1 then
    redis.call('HDEL', key, 'exitCode', 'signal', 'message', 'error', 'progress', 'stage', 'component', 'resources',
      'registrations', 'result', 'kill', 'logPath', 'logBytes', 'startedAt', 'runAt', 'counted', 'suspect')
  end
  redis.call('HSET', key, 'reason', 'starting', 'workerId', worker, 'host', host, 'fence', number(fence),
    'attempt', attempt, 'updatedAt', AT, 'revision', next_revision(j))
  redis.call('SADD', P .. 'worker:' .. worker .. ':jobs', id)
  if limited then
    count_claim(id, j.type, j.serverId)
    count_start(j.type, limits['rate:' .. j.type], number(fence))
    heed_type(j.type)
    for _, scope in ipairs(scopes) do heed_server(scope) end
  end
  if claims[4] then redis.call('HSET', key, 'suspect', 1) end
  if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
  record(id, 'claimed', 'pending', 'starting', worker, attempt, number(fence), nil)
  return redis.call('HGETALL', key)
end

local taken, rest = {}, nil
for _ = 1, wanted + 100 do
  if #taken >= wanted then break end
  local name = next_lane()
  if not name then break end
  local kind, scope, priority = parts(name)
  local queue = P .. 'queue:' .. name
  local id = redis.call('LPOP', queue)
  local left = redis.call('LLEN', queue)
  rest = left > 0 and name or nil
  if left == 0 then drop_lane(scope, name) end
  local j = id and fields_of(id, { 'status', 'reason', 'type', 'node', 'serverId', 'priority', 'attempt', 'revision',
    'workerId', 'pastWorkers' })
  if j and j.status == 'pending' and (j.reason == 'queued' or j.reason == 'paused') and j.type == kind
      and scope_of(j.node, j.serverId) == scope and j.priority == (priority == '' and '5' or priority) then
    taken[#taken + 1] = start(id, j)
    if limited then rest = nil end
    served = served + 1
    if left > 0 then
      redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(j.priority) * 1e12 + served), name)
      redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
    end
  end
end
if #taken > 0 then
  redis.call('HSET', P .. 'claims', 'served', number(served), 'fence', number(fence))
  -- A sign of life too: nobody who has seen an older one may end what is taken here.
  sign_of_life(worker, number(fence), window)
end
rest = rest or next_lane()
if rest then
  local kind, scope = parts(rest)
  wake(kind .. scope)
end
return taken
