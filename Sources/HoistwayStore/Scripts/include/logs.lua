-- The copy of a job's log in Redis: a stream whose entry ids are byte offsets. `logs:bytes` has the size of each copy
-- and of all of them (''), `logs:ended` when the copy of an ended job is dropped.
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end

-- Drops the oldest pieces of a copy until it has at most so many bytes.
local function trim_log(id, most)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  local before = bytes
  while bytes > most do
    local first = redis.call('XRANGE', job_key(id) .. ':log', '-', '+', 'COUNT', 1)[1]
    if not first then break end
    redis.call('XDEL', job_key(id) .. ':log', first[1])
    bytes = bytes - #first[2][4]
  end
  if bytes == before then return end
  redis.call('HSET', P .. 'logs:bytes', id, bytes)
  redis.call('HINCRBY', P .. 'logs:bytes', '', bytes - before)
end
