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
despite_full_memory()
local code, j = attempt_of(id, fence, { 'node', 'serverId', 'priority', 'counted' })
if code ~= OK then return code end
if j.status == 'running' then return WRONG_STATE end
local key = job_key(id)
if redis.call('HEXISTS', key, 'kill') == 1 then
  local reason = redis.call('HEXISTS', key, 'supersededBy') == 1 and 'superseded' or 'killed'
  finish(id, reason, 'error', reason, fields_of_kill(id), nil)
  return OK
end
local reason = type_paused(j.type) and 'paused' or 'queued'
if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j.type, id) end
redis.call('HSET', key, 'reason', reason, 'attempt', tonumber(j.attempt) - 1, 'updatedAt', AT,
  'revision', next_revision(j))
redis.call('HDEL', key, 'workerId', 'host', 'fence', 'counted', 'suspect')
free_claim(id, j)
redis.call('ZREM', P .. 'starts:' .. j.type, fence)
record(id, 'released', 'pending', reason, j.workerId, tonumber(j.attempt) - 1, fence, nil)
enqueue(id, j.type, scope_of(j.node, j.serverId), j.priority, true)
return OK
