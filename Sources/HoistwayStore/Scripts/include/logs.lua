-- The copy of a job's log in Redis: a stream whose entry ids are byte offsets. `logs:bytes` has the size of each copy
-- and of all of them (''), `logs:ended` when the copy of an ended job is dropped.
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
