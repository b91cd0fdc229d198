-- A job that was starting runs from now on. `fields` are further hash fields; the log copy of an earlier attempt goes.
local function begin(id, j, fields, data)
  local key = job_key(id)
  local values = { 'status', 'running', 'logBytes', 0, 'progress', 0, 'startedAt', AT, 'updatedAt', AT, 'revision',
    next_revision(j) }
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  redis.call('HDEL', key, 'reason')
  j.status, j.reason = 'running', false
  redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
  redis.call('ZADD', P .. 'index:running', redis.call('ZSCORE', P .. 'index', id), id)
  if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
  if tonumber(j.attempt) > 1 then drop_log(id) end
  record(id, 'started', 'running', nil, j.workerId, j.attempt, j.fence, data)
end
