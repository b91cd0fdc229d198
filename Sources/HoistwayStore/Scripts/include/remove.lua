-- Removes an ended job with everything that is kept of it, and orders the workers that have its folders to remove these.
local function forget(id, status)
  local key = job_key(id)
  local j = redis.call('HMGET', key, 'type', 'resourceId', 'workerId', 'idempotencyKey', 'pastWorkers', 'notify',
    'serverId', 'labels', 'scheduleId')
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  drop_log(id)
  redis.call('ZREM', P .. 'index', id)
  redis.call('ZREM', P .. 'index:type:' .. (j[1] or ''), id)
  redis.call('ZREM', P .. 'index:resource:' .. (j[1] or '') .. ':' .. (j[2] or ''), id)
  redis.call('ZREM', P .. 'index:' .. status, id)
  for _, name in ipairs(further_indexes(j[7], j[8], j[9])) do redis.call('ZREM', P .. name, id) end
  if j[4] and redis.call('GET', P .. 'idempotency:' .. j[4]) == id then
    redis.call('DEL', P .. 'idempotency:' .. j[4])
  end
  for index = 0, #(j[6] or '') - 1 do
    redis.call('ZREM', P .. 'notify', id .. ':' .. index)
    redis.call('HDEL', P .. 'notify:tries', id .. ':' .. index)
  end
  for worker in string.gmatch((j[3] or '') .. ' ' .. (j[5] or ''), '%S+') do
    redis.call('SADD', P .. 'worker:' .. worker .. ':removed', id)
    redis.call('SREM', P .. 'worker:' .. worker .. ':logs', id)
  end
  redis.call('DEL', key, key .. ':history')
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', 'removed', 'id', id, 'status', status,
    'reason', '', 'workerId', j[3] or '', 'attempt', '', 'fence', '', 'data',
    sequence and '{"sequence":' .. sequence .. '}' or '')
end
