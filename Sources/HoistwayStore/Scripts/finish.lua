-- An attempt ended: the job is done, in error, or waits to be tried again.
-- ARGV: id, fence, outcome (done failed killed timeout idle spawn lost), '1' when it may be tried again, '1' when the
--       recipe asked for it (exit 75), wait in ms before the next attempt, then hash fields in pairs
-- Returns: { OK, status, reason } | { ALREADY | STALE_FENCE | NOT_FOUND, '', '' }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include attempt
--- @include quarantine
--- @include logs
--- @include start
local id, fence, outcome, repeatable, temporary, wait = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5] == '1', ARGV[6]
local code, j = attempt_of(id, fence)
if code ~= OK then return { code, '', '' } end
local key = job_key(id)
local fields = {}
for index = 7, #ARGV do fields[#fields + 1] = ARGV[index] end
local h = redis.call('HMGET', key, 'failures', 'maxAttempts', 'supersededBy', 'spawnFaults', 'lostFaults', 'temporaries',
  'type', 'serverId')
-- The field `kill` may be the receipt of what the monitor ended by itself, such as a timeout: this is what was asked for.
local kill_requested = redis.call('HEXISTS', P .. 'worker:' .. j[4] .. ':kills', id) == 1
local failures, attempts = tonumber(h[1] or '0'), tonumber(h[2] or '1')

redis.call('ZADD', P .. 'logs:ended', NOW + 600000, id)
if j[1] == 'pending' and (outcome == 'done' or outcome == 'timeout' or outcome == 'idle') then
  begin(id, h[7], j[4], j[3], fence, {}, nil)
end
if outcome == 'done' then
  fields[#fields + 1] = 'progress'
  fields[#fields + 1] = 100
  redis.call('HDEL', key, 'message', 'supersededBy')
  finish(id, 'done', 'done', nil, fields, nil)
  count_loss(id, false)
  return { OK, 'done', '' }
end

local again = false
local counted = {}
if h[4] and outcome ~= 'spawn' then counted = { 'spawnFaults', 0 } end
if h[5] and outcome ~= 'lost' then
  counted[#counted + 1] = 'lostFaults'
  counted[#counted + 1] = 0
end
if outcome == 'spawn' then
  local faults = tonumber(h[4] or '0') + 1
  counted[#counted + 1] = 'spawnFaults'
  counted[#counted + 1] = faults
  again = repeatable and faults <= 3
elseif outcome == 'lost' then
  local faults = tonumber(h[5] or '0') + 1
  counted[#counted + 1] = 'lostFaults'
  counted[#counted + 1] = faults
  again = attempts > 1 and faults <= 3
elseif outcome ~= 'killed' then
  failures = failures + 1
  counted[#counted + 1] = 'failures'
  counted[#counted + 1] = failures
  again = repeatable and failures < attempts
  if temporary then
    local temporaries = tonumber(h[6] or '0') + 1
    counted[#counted + 1] = 'temporaries'
    counted[#counted + 1] = temporaries
    again = again or repeatable and temporaries <= 3
  end
end
for _, value in ipairs(counted) do fields[#fields + 1] = value end

if kill_requested then
  local reason = h[3] and 'superseded' or 'killed'
  finish(id, reason, 'error', reason, fields, nil)
  return { OK, 'error', reason }
end
if not again then
  finish(id, outcome, 'error', outcome, fields, nil)
  if outcome ~= 'spawn' then count_loss(id, outcome == 'lost') end
  return { OK, 'error', outcome }
end

local due = NOW + tonumber(wait)
local values = { 'status', 'pending', 'reason', 'retrying', 'runAt', iso(due), 'updatedAt', AT }
for _, value in ipairs(fields) do values[#values + 1] = value end
redis.call('HSET', key, unpack(values))
redis.call('HDEL', key, 'pid', 'pidStartTime', 'remotePid')
redis.call('HINCRBY', key, 'revision', 1)
redis.call('ZREM', P .. 'index:running', id)
redis.call('ZREM', P .. 'deadlines', id)
redis.call('ZADD', P .. 'index:pending:' .. h[7], redis.call('ZSCORE', P .. 'index', id), id)
redis.call('ZADD', P .. 'delayed', due, id)
free_claim(id, j[4], h[7], h[8])
record(id, 'retrying', 'pending', 'retrying', j[4], j[3], fence, '{"cause":"' .. outcome .. '","wait":' .. wait / 1000 .. '}')
return { OK, 'pending', 'retrying' }
