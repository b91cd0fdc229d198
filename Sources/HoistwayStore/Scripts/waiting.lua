-- Why a job waits, how many are before it, and when it may start. Changes nothing, and looks at no more than 100 workers,
-- 20 running jobs and the first 10,000 of a queue: what lies deeper is told approximately.
-- ARGV: id
-- Returns: { word, position or '', what the word is about, start in ms or '', ids that block it… }; {} when it does not wait
--- @include common
--- @include queue
--- @include limits
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'type', 'resourceId', 'node', 'serverId', 'priority',
  'concurrencyKey', 'concurrencyLimit', 'runAt')
local kind, resource, node, server, turn = j[3], j[4], j[5], j[6], j[8]
if j[1] ~= 'pending' or j[2] == 'starting' or not kind or not resource or not turn or not j[7] then return {} end

-- The inverse of iso; nil for what is no time.
local function milliseconds(text)
  local parts = { string.match(text or '', '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)%.(%d+)Z$') }
  if #parts < 7 then return nil end
  for index = 1, 7 do parts[index] = tonumber(parts[index]) end
  local year, month = parts[1], parts[2]
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local yoe = year - era * 400
  local doy = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + parts[3] - 1
  local days = era * 146097 + yoe * 365 + math.floor(yoe / 4) - math.floor(yoe / 100) + doy - 719468
  return ((days * 24 + parts[4]) * 60 + parts[5]) * 60000 + parts[6] * 1000 + parts[7]
end

-- The mean time in ms of the resource's last jobs that ended before one was accepted: of those that are done, else of
-- those in error.
local function usual(of_kind, of_resource, before)
  local newest = redis.call('ZSCORE', P .. 'index', before)
  if not newest then return nil end
  local sums, counts = { done = 0, error = 0 }, { done = 0, error = 0 }
  local older = redis.call('ZREVRANGEBYSCORE', P .. 'index:resource:' .. of_kind .. ':' .. of_resource, '(' .. newest,
    '-inf', 'LIMIT', 0, 10)
  for _, other in ipairs(older) do
    local h = redis.call('HMGET', job_key(other), 'status', 'startedAt', 'completedAt')
    local from, to = milliseconds(h[2]), milliseconds(h[3])
    if from and to and to >= from and sums[h[1]] then
      sums[h[1]] = sums[h[1]] + to - from
      counts[h[1]] = counts[h[1]] + 1
    end
  end
  if counts.done > 0 then return sums.done / counts.done end
  if counts.error > 0 then return sums.error / counts.error end
end

-- When a job that has begun may end; `mean` stands in for what is not known of it.
local function ending(other, mean)
  local h = redis.call('HMGET', job_key(other), 'status', 'reason', 'type', 'resourceId', 'startedAt')
  if not (h[1] == 'running' or h[2] == 'starting') or not h[3] or not h[4] then return nil end
  local length = usual(h[3], h[4], other) or mean
  if not length then return nil end
  return math.max(NOW, (milliseconds(h[5]) or NOW) + length)
end

local function answer(word, position, subject, start, blockers)
  local values = { word, position and number(position) or '', subject or '', start and number(start) or '' }
  for _, blocker in ipairs(blockers or {}) do values[#values + 1] = blocker end
  return values
end

if j[2] == 'delayed' or j[2] == 'retrying' then
  return answer(j[2], nil, j[10], math.max(NOW, milliseconds(j[10]) or NOW))
end

if j[2] == 'blocked' then
  local open = redis.call('SRANDMEMBER', job_key(id) .. ':dependencies', 100)
  table.sort(open)
  if #open > 0 then
    local start
    for _, dependency in ipairs(open) do
      local own = ending(dependency, nil)
      start = own and math.max(start or own, own)
      if not own then break end
    end
    return answer('dependency', nil, nil, start, open)
  end
  local holders = holders_of(turn)
  local before = redis.call('ZRANK', P .. 'waiting:' .. turn, id)
  if not before then return answer('key', nil, turn, nil, holders) end
  local mean = usual(kind, resource, holders[1] or id)
  local rank, first, unknown = before, nil, false
  for _, holder in ipairs(holders) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason')
    if h[1] == 'pending' and h[2] ~= 'starting' then before = before + 1 end
    local own = ending(holder, mean)
    if own then first = math.min(first or own, own) else unknown = true end
  end
  local start
  if first and mean and not unknown then
    start = first + math.floor(rank / math.max(1, tonumber(j[9] or '1'))) * mean
  end
  return answer('key', before + 1, turn, start, holders)
end

-- How many stand before it: those of its own queue, and all of the same kind and place with a better priority.
local function before_in_queue()
  local count = 0
  for priority = 0, tonumber(j[7]) - 1 do
    count = count + redis.call('LLEN', P .. 'queue:' .. lane_of(kind, node, server, number(priority)))
  end
  local queue = P .. 'queue:' .. lane_of(kind, node, server, j[7])
  local place = redis.call('LPOS', queue, id, 'MAXLEN', 10000)
  if not place then
    local length = redis.call('LLEN', queue)
    if length <= 10000 then return nil end
    place = math.min(length - 1, math.max(10000, redis.call('ZRANK', P .. 'index:pending:' .. kind, id) or 0))
  end
  return count + place
end

local function lists(names, name) return string.find(',' .. (names or '') .. ',', ',' .. name .. ',', 1, true) ~= nil end

local before = before_in_queue()
local position = before and before + 1
if type_paused(kind) then return answer('paused', position, kind) end

local workers, slots, busy, typed, placed = {}, 0, 0, false, false
for _, worker in ipairs(redis.call('SRANDMEMBER', P .. 'workers', 100)) do
  local w = redis.call('HMGET', P .. 'worker:' .. worker, 'state', 'types', 'node', 'servers', 'slots')
  if w[1] == 'running' and lists(w[2], kind) then
    typed = true
    if not node or w[3] == node then
      placed = true
      if not server or lists(w[4], server) then
        workers[#workers + 1] = worker
        slots = slots + (tonumber(w[5] or '') or 1)
        busy = busy + redis.call('SCARD', P .. 'worker:' .. worker .. ':jobs')
      end
    end
  end
end
if not typed then return answer('noWorker', position, kind) end
if not placed then return answer('noNode', position, node) end
if #workers == 0 then return answer('noServer', position, server) end

-- What may run or start of its type, or run on its server, is used up.
local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''), 'rate:' .. kind)
local running = limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind)
if running and running >= tonumber(limits[1]) then
  return answer('limit', position, running .. ' jobs of the type ' .. kind .. ' run, its limit is ' .. limits[1])
end
running = server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server)
if running and running >= tonumber(limits[2]) then
  return answer('limit', position, running .. ' jobs run on the server ' .. server .. ', its limit is ' .. limits[2])
end
local opens = rate_opens(kind, limits[3])
if opens then
  local count, window = string.match(limits[3], '^(%d+)/(%d+)$')
  return answer('rate', position, count .. ' jobs of the type ' .. kind .. ' may start in ' .. window / 1000
    .. 's, the next one at ' .. iso(opens), before == 0 and opens or nil)
end

if not before then return answer('queued', nil, nil) end
if before < slots - busy then return answer('queued', position, nil, NOW) end

-- The slots become free one after the other, as those who have them end; who stands before it takes them first.
local mean = usual(kind, resource, id)
local ends = {}
for _, worker in ipairs(workers) do
  for _, other in ipairs(redis.call('SRANDMEMBER', P .. 'worker:' .. worker .. ':jobs', 20)) do
    if #ends < 20 then ends[#ends + 1] = ending(other, mean) end
  end
end
if not mean or #ends == 0 then return answer('queued', position, nil) end
table.sort(ends)
local later = before - math.max(0, slots - busy)
local sample = math.min(#ends, math.floor(later % slots * #ends / slots) + 1)
return answer('queued', position, nil, ends[sample] + math.floor(later / slots) * mean)
