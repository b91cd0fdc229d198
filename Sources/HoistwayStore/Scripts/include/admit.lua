-- Whether a job of the key waits that a superseding one takes the place of.
local function is_waited_for(key)
  if redis.call('EXISTS', P .. 'waiting:' .. key, P .. 'later:' .. key) > 0 then return true end
  for _, holder in ipairs(holders_of(key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason')
    if h[1] == 'pending' and h[2] ~= 'starting' then return true end
  end
  return false
end

-- Turns a checked document into a job, whole or not at all. `A` are the arguments that `admit.lua` names, `data` goes
-- with the entry in the history (JSON text or nil).
-- Returns a code and an id, as `admit.lua` does.
local function admit(A, data)
  local inbox, raw, id, kind, resource = A[1], A[2], A[3], A[4], A[5]
  local function given(value) return value ~= '' and value or nil end
  local j = { kind = kind, node = given(A[6]), server = given(A[7]), priority = A[8], key = A[9],
    limit = tonumber(A[10]), data = data }
  local delay, due, on_conflict = tonumber(A[11]), tonumber(A[12]), A[13]
  local idempotency, deadline, reply_to, request = A[14], tonumber(A[15]), A[16], A[17]
  local dependencies = {}
  for index = 1, tonumber(A[18]) do dependencies[index] = A[18 + index] end

  if inbox ~= '' and redis.call('LINDEX', inbox, 0) ~= raw then return { HEAD_CHANGED, '' } end
  if idempotency ~= '' then
    local first = redis.call('GET', P .. 'idempotency:' .. idempotency)
    if first and redis.call('EXISTS', job_key(first)) == 1 then
      if inbox ~= '' then redis.call('LPOP', inbox) end
      reply(reply_to, '{"ok":true,"id":"' .. first .. '"}')
      return { ALREADY, first }
    end
  end
  if redis.call('EXISTS', job_key(id)) == 1 then
    if inbox == '' and request ~= '' and redis.call('HGET', job_key(id), 'requestId') == request then
      return { ALREADY, id }
    end
    return { ID_IN_USE, '' }
  end
  for _, dependency in ipairs(dependencies) do
    if redis.call('EXISTS', job_key(dependency)) == 0 then return { UNKNOWN_DEPENDENCY, dependency } end
  end
  if (on_conflict == 'reject' or on_conflict == 'alone') and (redis.call('HEXISTS', P .. 'turns', j.key) == 1
      or redis.call('EXISTS', P .. 'waiting:' .. j.key) == 1) then
    return { CONFLICT, redis.call('HGET', P .. 'turns', j.key) or '' }
  end
  local busy = on_conflict == 'alone' and active_of(kind)
  if busy then return { CONFLICT, busy } end
  local supersedes = on_conflict == 'supersede' or on_conflict == 'supersedeRunning'
  local heed = redis.call('HMGET', P .. 'claims', 'queues', 'losses')
  local most = heed[1] and redis.call('HGET', P .. 'limits', 'queue:' .. kind)
  if most and redis.call('ZCARD', P .. 'index:pending:' .. kind) >= tonumber(most)
      and not (supersedes and is_waited_for(j.key)) then
    return { QUEUE_FULL, most }
  end
  if heed[2] then
    local harmful, lost = quarantined(kind, resource, A[#A])
    if harmful then return { QUARANTINED, lost } end
  end

  if inbox ~= '' then redis.call('LPOP', inbox) end
  local fields = { 'priority', j.priority, 'concurrencyKey', j.key }
  if j.node then fields[#fields + 1] = 'node' fields[#fields + 1] = j.node end
  if j.server then fields[#fields + 1] = 'serverId' fields[#fields + 1] = j.server end
  if j.limit ~= 1 then fields[#fields + 1] = 'concurrencyLimit' fields[#fields + 1] = A[10] end
  if request ~= '' then fields[#fields + 1] = 'requestId' fields[#fields + 1] = request end
  if idempotency ~= '' then fields[#fields + 1] = 'idempotencyKey' fields[#fields + 1] = idempotency end
  for index = 19 + #dependencies, #A do fields[#fields + 1] = A[index] end
  local sequence = create(id, kind, resource, fields)
  redis.call('SADD', P .. 'types', kind)
  if idempotency ~= '' then redis.call('SET', P .. 'idempotency:' .. idempotency, id, 'EX', 86400) end
  if due == 0 and delay > 0 then due = NOW + delay end
  if deadline > 0 then
    redis.call('HSET', job_key(id), 'startDeadline', A[15])
    redis.call('ZADD', P .. 'deadlines', math.max(due, NOW) + deadline, id)
  end
  if supersedes then redis.call('HSET', job_key(id), 'onConflict', on_conflict) end

  local failed
  local open = false
  for _, dependency in ipairs(dependencies) do
    local status = redis.call('HGET', job_key(dependency), 'status')
    if status == 'error' then failed = failed or dependency end
    if status ~= 'done' and status ~= 'error' then
      open = true
      redis.call('SADD', job_key(id) .. ':dependencies', dependency)
      redis.call('ZADD', job_key(dependency) .. ':dependents', sequence, id)
    end
  end
  local turn
  if supersedes and not open and not failed and due <= NOW then
    turn, j.place = supersede(id, j, on_conflict == 'supersedeRunning')
  end
  place(id, j, sequence, due, open or failed, turn)
  if j.place then give_turns(j.key) end
  if failed then
    skip(id, failed)
  end
  reply(reply_to, '{"ok":true,"id":"' .. id .. '"}')
  return { OK, id }
end
