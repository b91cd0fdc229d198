-- The beat of every process, once a second: heartbeat, the role of the listener, jobs that came due, what to look at.
-- ARGV: process id, '1' when it can listen, worker id or '', then fields of the worker's hash in pairs
-- Returns: { 1 when this process is the listener, more due jobs, length of the control list, types with a document in
--          their inbox, kills of the worker in pairs, removed jobs of the worker, how the worker is to stop or '' }
--- @include common
--- @include queue
--- @include finish
--- @include logs
local process, can_listen, worker = ARGV[1], ARGV[2] == '1', ARGV[3]
local listener = 0
if can_listen then
  local holder = redis.call('GET', P .. 'role:listener')
  if not holder or holder == process then
    redis.call('SET', P .. 'role:listener', process, 'PX', 3000)
    listener = 1
  end
end

local kills, removed, stop = {}, {}, ''
if worker ~= '' then
  local key = P .. 'worker:' .. worker
  local values = { 'heartbeatAt', AT }
  for index = 4, #ARGV do values[#values + 1] = ARGV[index] end
  redis.call('HSET', key, unpack(values))
  redis.call('SADD', P .. 'workers', worker)
  kills = redis.call('HGETALL', key .. ':kills')
  removed = redis.call('SRANDMEMBER', key .. ':removed', 100)
  local w = redis.call('HMGET', key, 'stopMode', 'state')
  stop = w[1] or ''
  if w[2] == 'unreachable' then
    redis.call('HSET', key, 'state', stop == 'drain' and 'draining' or 'running')
    announce('reachable', 'workerId', worker, nil)
  end
end

local due = redis.call('ZRANGEBYSCORE', P .. 'delayed', '-inf', NOW, 'LIMIT', 0, 100)
for _, id in ipairs(due) do
  if redis.call('EXISTS', job_key(id) .. ':dependencies') == 1 then
    redis.call('ZREM', P .. 'delayed', id)
  else
    come_due(id)
  end
end
local late = redis.call('ZRANGEBYSCORE', P .. 'deadlines', '-inf', NOW, 'LIMIT', 0, 100)
for _, id in ipairs(late) do
  local j = redis.call('HMGET', job_key(id), 'status', 'reason')
  if j[1] == 'pending' and j[2] == 'starting' then
    redis.call('ZADD', P .. 'deadlines', NOW + 1000, id)
  elseif j[1] ~= 'pending' then
    redis.call('ZREM', P .. 'deadlines', id)
  else
    finish(id, 'expired', 'error', 'expired', { 'message', 'it waited longer than its startDeadline' }, nil)
  end
end
local settling = redis.call('HRANDFIELD', P .. 'settling', 20, 'WITHVALUES')
for index = 1, #settling, 2 do
  redis.call('HDEL', P .. 'settling', settling[index])
  settle_dependents(settling[index], settling[index + 1])
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'logs:ended', '-inf', NOW, 'LIMIT', 0, 20)) do drop_log(id) end

if listener == 1 then
  for _, id in ipairs(redis.call('SRANDMEMBER', P .. 'workers', 100)) do
    local key = P .. 'worker:' .. id
    local w = redis.call('HMGET', key, 'state', 'heartbeatAt')
    if not w[1] then
      redis.call('SREM', P .. 'workers', id)
    elseif (w[1] == 'running' or w[1] == 'draining') and w[2] and w[2] < iso(NOW - 10000) then
      redis.call('HSET', key, 'state', 'unreachable')
      announce('unreachable', 'workerId', id, nil)
    end
  end
end

local inboxes = {}
for _, kind in ipairs(redis.call('SMEMBERS', P .. 'types')) do
  if redis.call('EXISTS', P .. 'inbox:' .. kind) == 1 then inboxes[#inboxes + 1] = kind end
end
local more = (#due == 100 or #late == 100 or redis.call('EXISTS', P .. 'settling') == 1) and 1 or 0
return { listener, more, redis.call('LLEN', P .. 'control'), inboxes, kills, removed, stop }
