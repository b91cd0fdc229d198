-- A worker gives a job back before anything of it ran: it stands first in its queue again, or ends if it was killed.
-- ARGV: id, fence
-- Returns: OK | ALREADY | STALE_FENCE | NOT_FOUND | WRONG_STATE
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include attempt
local id, fence = ARGV[1], ARGV[2]
local code, j = attempt_of(id, fence)
if code ~= OK then return code end
if j[1] == 'running' then return WRONG_STATE end
local key = job_key(id)
if redis.call('HEXISTS', key, 'kill') == 1 then
  local reason = redis.call('HEXISTS', key, 'supersededBy') == 1 and 'superseded' or 'killed'
  finish(id, reason, 'error', reason, {}, nil)
  return OK
end
local h = redis.call('HMGET', key, 'type', 'node', 'serverId', 'priority')
local reason = type_paused(h[1]) and 'paused' or 'queued'
if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. h[1], id) end
redis.call('HSET', key, 'reason', reason, 'attempt', tonumber(j[3]) - 1, 'updatedAt', AT)
redis.call('HDEL', key, 'workerId', 'host', 'fence')
redis.call('HINCRBY', key, 'revision', 1)
free_claim(id, j[4], h[1], h[3])
redis.call('ZREM', P .. 'starts:' .. h[1], fence)
record(id, 'released', 'pending', reason, j[4], tonumber(j[3]) - 1, fence, nil)
enqueue(id, h[1], scope_of(h[2], h[3]), h[4], true)
return OK
