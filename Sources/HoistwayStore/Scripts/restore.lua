-- A worker writes back a living attempt that Redis has lost: its job runs, and holds its turn.
-- ARGV: id, fence, worker id, highest fence it has seen, hold in ms, then the fields of its hash in pairs, as they were when it was claimed
-- Returns: OK | ALREADY | STALE_FENCE (it was given away) | NOT_FOUND (Redis did not lose it)
--- @include common
--- @include queue
--- @include limits
--- @include leases
local id, fence, worker = ARGV[1], ARGV[2], ARGV[3]
local key = job_key(id)
despite_full_memory()
heed_loss(worker, ARGV[4], ARGV[5])
local had = fields_of(id, { 'status', 'reason', 'fence', 'workerId', 'type', 'resourceId', 'serverId', 'node', 'priority',
  'concurrencyKey', 'counted', 'revision' })
if had.status == 'running' and had.fence == fence then return ALREADY end
if had.status == 'done' or had.status == 'error' then return STALE_FENCE end
if tonumber(had.fence or '0') > tonumber(fence) then return STALE_FENCE end
if not was_lost(fence) then return had.status and STALE_FENCE or NOT_FOUND end

local function leave_lane(job, j)
  local lane = lane_of(j.type, j.node, j.serverId, j.priority)
  local queue = P .. 'queue:' .. lane
  if redis.call('LLEN', queue) <= 1000 then
    redis.call('LREM', queue, 1, job)
    if redis.call('EXISTS', queue) == 0 then drop_lane(scope_of(j.node, j.serverId), lane) end
  end
  redis.call('SREM', P .. 'paused:' .. j.type, job)
end

-- Takes the job out of wherever the older data have it.
local function uproot()
  if had.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. had.type, id)
    redis.call('ZREM', P .. 'deadlines', id)
  end
  if had.status == 'running' or had.reason == 'starting' then
    free_claim(id, had)
  else
    leave_lane(id, had)
    redis.call('ZREM', P .. 'delayed', id)
    redis.call('ZREM', P .. 'waiting:' .. had.concurrencyKey, id)
    redis.call('ZREM', P .. 'later:' .. had.concurrencyKey, id)
  end
  for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
    redis.call('ZREM', job_key(dependency) .. ':dependents', id)
  end
  redis.call('DEL', key .. ':dependencies', key)
end

if had.status then uproot() end
local j = {}
for index = 6, #ARGV, 2 do j[ARGV[index]] = ARGV[index + 1] end
local revision = math.max(tonumber(j.revision or '0'), tonumber(had.revision or '0')) + 1
local values = {}
for index = 6, #ARGV do values[#values + 1] = ARGV[index] end
redis.call('HSET', key, unpack(values))
redis.call('HSET', key, 'id', id, 'status', 'running', 'workerId', worker, 'fence', fence, 'updatedAt', AT, 'revision',
  revision)
redis.call('SADD', P .. 'types', j.type)
local sequence = redis.call('ZSCORE', P .. 'index', id) or redis.call('INCR', P .. 'sequence')
redis.call('ZADD', P .. 'index', sequence, id)
redis.call('ZADD', P .. 'index:type:' .. j.type, sequence, id)
redis.call('ZADD', P .. 'index:resource:' .. j.type .. ':' .. j.resourceId, sequence, id)
redis.call('ZADD', P .. 'index:running', sequence, id)
for _, name in ipairs(further_indexes(j.serverId, j.labels, j.scheduleId)) do
  redis.call('ZADD', P .. name, sequence, id)
end
redis.call('SADD', P .. 'worker:' .. worker .. ':jobs', id)
if redis.call('HEXISTS', P .. 'claims', 'limited') == 1 then count_claim(id, j.type, j.serverId) end
record(id, 'restored', 'running', nil, worker, j.attempt, fence, nil)

-- It has its turn, as it had it; whoever only stands in a queue with one gives it back and waits again.
local turn, limit = j.concurrencyKey, tonumber(j.concurrencyLimit or '1')
local kept = {}
local others = holders_of(turn)
local excess = #others + 1 - limit
for _, holder in ipairs(others) do
  local h = fields_of(holder, { 'status', 'reason', 'type', 'node', 'serverId', 'priority', 'attempt' })
  local waits = h.status == 'pending' and (h.reason == 'queued' or h.reason == 'paused')
  if holder == id then
    excess = excess - 1
  elseif waits and excess > 0 then
    excess = excess - 1
    leave_lane(holder, h)
    redis.call('ZADD', P .. 'waiting:' .. turn, redis.call('ZSCORE', P .. 'index', holder), holder)
    redis.call('HSET', job_key(holder), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HDEL', job_key(holder), 'queuedAt')
    redis.call('HINCRBY', job_key(holder), 'revision', 1)
    record(holder, 'blocked', 'pending', 'blocked', nil, h.attempt, nil, nil)
  else
    kept[#kept + 1] = holder
  end
end
take_turn(turn, kept, id)
return OK
