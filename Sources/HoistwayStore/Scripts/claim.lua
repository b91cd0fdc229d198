-- Hands jobs to a worker: lanes by priority, within one priority the one served longest ago; but every tenth job comes
-- from the lane that has not been served for longest, if that is more than a minute, so that none starves.
-- ARGV: worker id, host, how many, number of types, the types, then the scopes the worker serves ('' first)
-- Returns: the hash of each job taken
--- @include common
--- @include queue
--- @include limits
local worker, host, wanted, count = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local paused = {}
for _, kind in ipairs(redis.call('SMEMBERS', P .. 'paused')) do paused[kind] = true end
local types, scopes = {}, {}
for index = 5, 4 + count do types[ARGV[index]] = not paused[ARGV[index]] end
for index = 5 + count, #ARGV do scopes[#scopes + 1] = ARGV[index] scopes[ARGV[index]] = true end

-- What may not run any more for now, by `limits`. Such lanes are passed over like those of a paused type, so that nothing
-- has to bring them back; who makes room hints at them, and `rated` has when the tick does it for a rate.
local limits, limited = {}, redis.call('HGETALL', P .. 'limits')
for index = 1, #limited, 2 do limits[limited[index]] = limited[index + 1] end
local full = {}

local function is_full(name)
  local most = limits[name]
  return most and redis.call('SCARD', P .. 'claims:' .. name) >= tonumber(most)
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

if #limited > 0 then
  for kind, open in pairs(types) do
    if open then heed_type(kind) end
  end
  for _, scope in ipairs(scopes) do heed_server(scope) end
end

local served = tonumber(redis.call('GET', P .. 'served') or '0')

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

local function start(id, fields)
  local fence = math.max(tonumber(redis.call('GET', P .. 'fence') or '0') + 1, NOW_US)
  redis.call('SET', P .. 'fence', number(fence))
  local key = job_key(id)
  local attempt = tonumber(fields[7] or '0') + 1
  local before = fields[8]
  if before and before ~= worker and not string.find(' ' .. (fields[9] or '') .. ' ', ' ' .. before .. ' ', 1, true) then
    redis.call('HSET', key, 'pastWorkers', (fields[9] and fields[9] .. ' ' or '') .. before)
  end
  if attempt > 1 then
    redis.call('HDEL', key, 'exitCode', 'signal', 'message', 'error', 'progress', 'stage', 'component', 'resources',
      'registrations', 'result', 'kill', 'logPath', 'logBytes', 'startedAt', 'runAt')
  end
  redis.call('HSET', key, 'reason', 'starting', 'workerId', worker, 'host', host, 'fence', number(fence),
    'attempt', attempt, 'updatedAt', AT)
  redis.call('HINCRBY', key, 'revision', 1)
  redis.call('SADD', P .. 'worker:' .. worker .. ':jobs', id)
  redis.call('SADD', P .. 'claims:type:' .. fields[3], id)
  if fields[5] then redis.call('SADD', P .. 'claims:server:' .. fields[5], id) end
  if fields[2] == 'paused' then redis.call('SREM', P .. 'paused:' .. fields[3], id) end
  record(id, 'claimed', 'pending', 'starting', worker, attempt, number(fence), nil)
  return redis.call('HGETALL', key)
end

local taken = {}
for _ = 1, wanted + 100 do
  if #taken >= wanted then break end
  local name = next_lane()
  if not name then break end
  local kind, scope, priority = parts(name)
  local queue = P .. 'queue:' .. name
  local id = redis.call('LPOP', queue)
  if redis.call('EXISTS', queue) == 0 then
    drop_lane(scope, name)
  end
  if id then
    local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'type', 'node', 'serverId', 'priority', 'attempt',
      'workerId', 'pastWorkers')
    if j[1] == 'pending' and (j[2] == 'queued' or j[2] == 'paused') and j[3] == kind
        and scope_of(j[4], j[5]) == scope and j[6] == (priority == '' and '5' or priority) then
      taken[#taken + 1] = start(id, j)
      if #limited > 0 then
        count_start(kind, limits['rate:' .. kind], redis.call('GET', P .. 'fence'))
        heed_type(kind)
        for _, other in ipairs(scopes) do heed_server(other) end
      end
      served = redis.call('INCR', P .. 'served')
      if redis.call('EXISTS', queue) == 1 then
        redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(j[6]) * 1e12 + served), name)
        redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
      end
    end
  end
end
local rest = next_lane()
if rest then
  local kind, scope = parts(rest)
  wake(kind .. scope)
end
return taken
