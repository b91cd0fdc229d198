-- A job that was starting runs from now on. `fields` are further hash fields; the log copy of an earlier attempt goes.
local function begin(id, kind, worker, attempt, fence, fields, data)
  local key = job_key(id)
  local values = { 'status', 'running', 'logBytes', 0, 'progress', 0, 'startedAt', AT, 'updatedAt', AT }
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  redis.call('HDEL', key, 'reason')
  redis.call('HINCRBY', key, 'revision', 1)
  redis.call('ZREM', P .. 'index:pending:' .. kind, id)
  redis.call('ZADD', P .. 'index:running', redis.call('ZSCORE', P .. 'index', id), id)
  redis.call('ZREM', P .. 'deadlines', id)
  if tonumber(attempt) > 1 then drop_log(id) end
  record(id, 'started', 'running', nil, worker, attempt, fence, data)
end
