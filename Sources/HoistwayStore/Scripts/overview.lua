-- What happens now, for a view that is drawn anew each second. Changes nothing; looks at no more than 100 types, 100
-- workers and 500 running jobs.
-- ARGV: how many jobs to tell of
-- Returns: { types as { type, '1' when paused, pending, running, living workers }, workers as { id, host, node, state, slots,
--          running, heartbeatAt }, running jobs, newest first, as { id, type, resourceId, stage, progress, startedAt,
--          workerId, title, '1' when a kill is under way }, how many run, documents in inboxes, Redis time }
--- @include common
local serving, workers = {}, {}
local ids = redis.call('SRANDMEMBER', P .. 'workers', 100)
table.sort(ids)
for _, id in ipairs(ids) do
  local w = redis.call('HMGET', P .. 'worker:' .. id, 'host', 'node', 'state', 'slots', 'heartbeatAt', 'types')
  if w[3] then
    workers[#workers + 1] = { id, w[1] or '', w[2] or '', w[3], w[4] or '',
      redis.call('SCARD', P .. 'worker:' .. id .. ':jobs'), w[5] or '' }
    if w[3] == 'running' then
      for kind in string.gmatch(w[6] or '', '[^,]+') do serving[kind] = (serving[kind] or 0) + 1 end
    end
  end
end

local counts, jobs = {}, {}
for index, id in ipairs(redis.call('ZREVRANGE', P .. 'index:running', 0, 499)) do
  local kind = redis.call('HGET', P .. 'job:' .. id, 'type') or ''
  counts[kind] = (counts[kind] or 0) + 1
  if index <= tonumber(ARGV[1]) then
    local j = redis.call('HMGET', P .. 'job:' .. id, 'resourceId', 'stage', 'progress', 'startedAt', 'workerId', 'title',
      'kill')
    jobs[#jobs + 1] = { id, kind, j[1] or '', j[2] or '', j[3] or '0', j[4] or '', j[5] or '', j[6] or '',
      j[7] and '1' or '0' }
  end
end

local types, arrived = {}, 0
local kinds = redis.call('SRANDMEMBER', P .. 'types', 100)
table.sort(kinds)
for _, kind in ipairs(kinds) do
  types[#types + 1] = { kind, redis.call('SISMEMBER', P .. 'paused', kind) == 1 and '1' or '0',
    redis.call('ZCARD', P .. 'index:pending:' .. kind), counts[kind] or 0, serving[kind] or 0 }
  arrived = arrived + redis.call('LLEN', P .. 'inbox:' .. kind)
end
return { types, workers, jobs, redis.call('ZCARD', P .. 'index:running'), arrived, AT }
