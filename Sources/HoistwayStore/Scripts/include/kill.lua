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

-- What there is to say of a job that was killed before anything of it ran: fields of its hash in pairs.
local function fields_of_kill(id)
  local text = redis.call('HGET', job_key(id), 'kill')
  if not text then return {} end
  local message = 'killed'
  local read, kill = pcall(cjson.decode, text)
  if read and type(kill.by) == 'string' and kill.by ~= '' then message = message .. ' by ' .. kill.by end
  if read and type(kill.why) == 'string' and kill.why ~= '' then message = message .. ': ' .. kill.why end
  local receipt = string.gsub(text, '"deliveredAt":null,"signals":%[%],"emptyAt":null}$',
    '"deliveredAt":"' .. AT .. '","signals":[],"emptyAt":"' .. AT .. '"}')
  return { 'message', message, 'error', '{"code":"killed","message":' .. cjson.encode(message) .. '}', 'kill', receipt }
end
