-- Writes a kill into a job that a worker has, where it stays until the job ended, and wakes the worker.
local function request_kill(id, worker, signal, grace, by, why)
  local key = job_key(id)
  local j = redis.call('HMGET', key, 'kill', 'status', 'reason', 'attempt', 'fence')
  if not j[1] then
    redis.call('HSET', key, 'kill', '{"requestedAt":"' .. AT .. '","by":' .. by .. ',"why":' .. why
      .. ',"deliveredAt":null,"signals":[],"emptyAt":null}', 'updatedAt', AT)
    redis.call('HINCRBY', key, 'revision', 1)
    record(id, 'killRequested', j[2], j[3], worker, j[4], j[5],
      '{"by":' .. by .. ',"why":' .. why .. ',"signal":' .. quoted(signal) .. '}')
  end
  redis.call('HSET', P .. 'worker:' .. worker .. ':kills', id, '{"requestedAt":"' .. AT .. '","signal":'
    .. quoted(signal) .. ',"grace":' .. (grace or 'null') .. ',"by":' .. by .. ',"why":' .. why .. '}')
  local wake = P .. 'wake:worker:' .. worker
  if redis.call('EXISTS', wake) == 0 then redis.call('LPUSH', wake, '1') end
end
