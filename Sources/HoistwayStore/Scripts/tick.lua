-- The beat of every process, once a second: heartbeat, the role of the listener, jobs that came due, what to look at.
-- ARGV: process id, '1' when it can listen, worker id or '', token, window of its leases in ms, highest fence it has seen,
--       hold in ms, then fields of the worker's hash in pairs
-- Returns: { 1 when this process is the listener, more due jobs, length of the control list, types with a document in
--          their inbox, kills of the worker in pairs, removed jobs of the worker, how the worker is to stop or '',
--          1 when the worker is not on record and has to introduce itself, highest fence, signs of life of workers in
--          pairs, the hold on claims or '', schedules that are due, 1 when a notification is due, ended jobs of the
--          worker whose logs somebody wants to read }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include quarantine
--- @include logs
--- @include leases
local process, can_listen, worker = ARGV[1], ARGV[2] == '1', ARGV[3]
despite_full_memory()
local listener = 0
if can_listen then
  local holder = redis.call('GET', P .. 'role:listener')
  if not holder or holder == process then
    redis.call('SET', P .. 'role:listener', process, 'PX', 3000)
    listener = 1
  end
end

local kills, removed, logs, stop, unknown = {}, {}, {}, '', 0
if worker ~= '' then
  local key = P .. 'worker:' .. worker
  heed_loss(worker, ARGV[6], ARGV[7])
  sign_of_life(worker, ARGV[4], ARGV[5])
  local values = { 'heartbeatAt', AT }
  for index = 8, #ARGV do values[#values + 1] = ARGV[index] end
  local w = redis.call('HMGET', key, 'stopMode', 'state')
  if w[2] then
    redis.call('HSET', key, unpack(values))
    redis.call('SADD', P .. 'workers', worker)
  else
    unknown = 1
  end
  kills = redis.call('HGETALL', key .. ':kills')
  removed = redis.call('SRANDMEMBER', key .. ':removed', 100)
  logs = redis.call('SRANDMEMBER', key .. ':logs', 10)
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
  elseif redis.call('ZSCORE', P .. 'delayed', id) then
    -- None that came due before it has superseded it.
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
-- One superseding job, one key whose turns go on, one payload in quarantine: 100 jobs each.
local superseding = redis.call('HRANDFIELD', P .. 'superseding', 1, 'WITHVALUES')
if superseding[1] then
  local newer, sequence, last, seen = string.match(superseding[2], '^(%S+) (%S+) (%S+) (%S+)$')
  end_line(superseding[1], newer, sequence, seen, last)
  give_turns(superseding[1])
end
local giving = redis.call('SPOP', P .. 'giving')
if giving then give_turns(giving) end
local quarantining = redis.call('HRANDFIELD', P .. 'quarantining', 1, 'WITHVALUES')
if quarantining[1] then end_quarantined(quarantining[1], quarantining[2]) end
local losses = redis.call('HRANDFIELD', P .. 'losses', 20, 'WITHVALUES')
for index = 1, #losses, 2 do
  if tonumber(string.match(losses[index + 1], '^%d+ (%d+)')) <= NOW then redis.call('HDEL', P .. 'losses', losses[index]) end
end
if #losses > 0 and redis.call('EXISTS', P .. 'losses') == 0 then redis.call('HDEL', P .. 'claims', 'losses') end
for _, kind in ipairs(redis.call('ZRANGEBYSCORE', P .. 'rated', '-inf', NOW, 'LIMIT', 0, 100)) do
  redis.call('ZREM', P .. 'rated', kind)
  wake_lanes(function(other) return other == kind end)
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
local left = redis.call('EXISTS', P .. 'settling', P .. 'superseding', P .. 'giving', P .. 'quarantining')
local more = (#due == 100 or #late == 100 or left > 0) and 1 or 0
local claims = redis.call('HMGET', P .. 'claims', 'fence', 'hold')
-- Where workers are many one watches for all.
local watches = worker ~= '' and (listener == 1 or redis.call('HLEN', P .. 'renewals') <= 50)
-- The listener serves schedules; the others those that it cannot, be it for want of a time zone.
local due_until = listener == 1 and NOW or NOW - 5000
local schedules = redis.call('ZRANGEBYSCORE', P .. 'schedules', '-inf', due_until, 'LIMIT', 0, 100)
local notify = #redis.call('ZRANGEBYSCORE', P .. 'notify', '-inf', NOW, 'LIMIT', 0, 1)
return { listener, more, redis.call('LLEN', P .. 'control'), inboxes, kills, removed, stop, unknown, claims[1] or '0',
  watches and redis.call('HGETALL', P .. 'renewals') or {}, claims[2] or '', schedules, notify, logs }
