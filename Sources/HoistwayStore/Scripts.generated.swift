// Written by scripts/generate from Scripts/*.lua.
// swift-format-ignore-file
import RedisClient

/// The Lua scripts of the store; every change of a job is one of them.
package enum Scripts {
    package static let admit = RedisScript(
        name: "admit",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local LOSSES, QUARANTINE = 3, 86400000
local function losses_of(field)
  local count, till, last = string.match(redis.call('HGET', P .. 'losses', field) or '', '^(%d+) (%d+) (.*)$')
  if not count or tonumber(till) <= NOW then return 0 end
  return tonumber(count), last
end
local function quarantined(kind, resource, payload)
  local count, last = losses_of(kind .. ' ' .. redis.sha1hex(payload) .. ' ' .. resource)
  return count >= LOSSES, last
end
local function count_loss(id, is_lost)
  local j = redis.call('HMGET', job_key(id), 'type', 'resourceId', 'payload')
  local field = j[1] .. ' ' .. redis.sha1hex(j[3] or '{}') .. ' ' .. j[2]
  if not is_lost then
    redis.call('HDEL', P .. 'losses', field)
    redis.call('HDEL', P .. 'quarantining', field)
    return
  end
  local count = losses_of(field) + 1
  redis.call('HSET', P .. 'claims', 'losses', 1)
  redis.call('HSET', P .. 'losses', field, count .. ' ' .. number(NOW + QUARANTINE) .. ' ' .. id)
  if count == LOSSES then
    redis.call('HSET', P .. 'quarantining', field, '0')
    announce('quarantined', 'type', j[1], '{"resourceId":' .. quoted(j[2]) .. ',"id":' .. quoted(id) .. '}')
  end
end
local function end_quarantined(field, cursor)
  local kind, digest, resource = string.match(field, '^(%S+) (%S+) (.*)$')
  local page = redis.call('ZRANGEBYSCORE', P .. 'index:resource:' .. kind .. ':' .. resource, '(' .. cursor, '+inf',
    'WITHSCORES', 'LIMIT', 0, 100)
  for index = 1, #page, 2 do
    local j = redis.call('HMGET', job_key(page[index]), 'status', 'reason', 'payload')
    if j[1] == 'pending' and j[2] ~= 'starting' and redis.sha1hex(j[3] or '{}') == digest then
      local message = 'its payload is quarantined: ' .. LOSSES .. ' jobs in a row that had it were lost'
      finish(page[index], 'cancelled', 'error', 'cancelled',
        { 'message', message, 'error', '{"code":"quarantined","message":"' .. message .. '"}' }, nil)
    end
  end
  if #page == 200 then
    redis.call('HSET', P .. 'quarantining', field, page[200])
  else
    redis.call('HDEL', P .. 'quarantining', field)
  end
end
local function active_of(kind)
  local waiting = redis.call('ZRANGE', P .. 'index:pending:' .. kind, 0, 0)[1]
  if waiting then return waiting end
  for _, id in ipairs(redis.call('ZREVRANGE', P .. 'index:type:' .. kind, 0, 99)) do
    if redis.call('HGET', job_key(id), 'status') == 'running' then return id end
  end
end
local function create(id, kind, resource, fields)
  local values = { 'id', id, 'type', kind, 'status', 'pending', 'resourceId', resource, 'createdAt', AT,
    'updatedAt', AT, 'revision', 1 }
  local own = {}
  for index, value in ipairs(fields) do
    values[#values + 1] = value
    if index % 2 == 1 then own[value] = fields[index + 1] end
  end
  redis.call('HSET', job_key(id), unpack(values))
  local sequence = redis.call('INCR', P .. 'sequence')
  redis.call('ZADD', P .. 'index', sequence, id)
  redis.call('ZADD', P .. 'index:type:' .. kind, sequence, id)
  redis.call('ZADD', P .. 'index:resource:' .. kind .. ':' .. resource, sequence, id)
  redis.call('ZADD', P .. 'index:pending:' .. kind, sequence, id)
  for _, name in ipairs(further_indexes(own.serverId, own.labels, own.scheduleId)) do
    redis.call('ZADD', P .. name, sequence, id)
  end
  return sequence
end
local function place(id, j, sequence, due, open, turn)
  local reason
  if open then
    reason = 'blocked'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    if due > NOW then redis.call('ZADD', P .. 'delayed', due, id) end
  elseif due > NOW then
    reason = 'delayed'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    redis.call('ZADD', P .. 'delayed', due, id)
  else
    local holders = holders_of(j.key)
    if turn or turn_free(j.key, holders, j.limit) then
      if not turn then take_turn(j.key, holders, id) end
      reason = type_paused(j.kind) and 'paused' or 'queued'
      if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j.kind, id) end
      redis.call('HSET', job_key(id), 'queuedAt', AT)
      if turn ~= 'queued' then enqueue(id, j.kind, scope_of(j.node, j.server), j.priority) end
    else
      reason = 'blocked'
      redis.call('ZADD', P .. 'waiting:' .. j.key, j.place or sequence, id)
    end
  end
  redis.call('HSET', job_key(id), 'reason', reason)
  if due > NOW then redis.call('HSET', job_key(id), 'runAt', iso(due)) end
  record(id, 'accepted', 'pending', reason, nil, nil, nil, j.data)
  return reason
end
local function is_waited_for(key)
  if redis.call('EXISTS', P .. 'waiting:' .. key, P .. 'later:' .. key) > 0 then return true end
  for _, holder in ipairs(holders_of(key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason')
    if h[1] == 'pending' and h[2] ~= 'starting' then return true end
  end
  return false
end
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
return admit(ARGV, nil)
"""#,
        sha1: "4a02923be63477591f31c8ff360879c88b9342e4",
        keyCount: 2
    )

    package static let answer = RedisScript(
        name: "answer",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local list = P .. 'control'
if redis.call('LINDEX', list, 0) ~= ARGV[1] then return HEAD_CHANGED end
redis.call('LPOP', list)
if ARGV[4] ~= '' then redis.call('SET', P .. 'request:' .. ARGV[4], ARGV[3], 'EX', 86400) end
reply(ARGV[2], ARGV[3])
return OK
"""#,
        sha1: "ea5cd28d28a9c35ce5ce5efdc0fce9aa2018c7f1",
        keyCount: 2
    )

    package static let appendLog = RedisScript(
        name: "appendLog",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local id, offset, after, piece = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local j = redis.call('HMGET', job_key(id), 'fence', 'status', 'reason')
if not j[2] then return NOT_FOUND end
if j[1] ~= ARGV[2] then return STALE_FENCE end
local key = job_key(id) .. ':log'
local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
if last and tonumber(string.match(last[1], '^%d+')) >= tonumber(after) then return ALREADY end
local added = redis.pcall('XADD', key, after .. '-0', 'offset', offset, 'bytes', piece)
if type(added) == 'table' and added.err then return ALREADY end
if j[2] ~= 'running' and j[3] ~= 'starting' then redis.call('ZADD', P .. 'logs:ended', 'NX', NOW + 600000, id) end
redis.call('HINCRBY', P .. 'logs:bytes', id, #piece)
local total = redis.call('HINCRBY', P .. 'logs:bytes', '', #piece)
local most, all = tonumber(ARGV[6]), tonumber(ARGV[7])
for _ = 1, 100 do
  if total <= all then break end
  local ended = redis.call('ZRANGE', P .. 'logs:ended', 0, 0)[1]
  if not ended or ended == id then break end
  drop_log(ended)
  total = tonumber(redis.call('HGET', P .. 'logs:bytes', '') or '0')
end
trim_log(id, most)
for _ = 1, 100 do
  total = tonumber(redis.call('HGET', P .. 'logs:bytes', '') or '0')
  if total <= all then break end
  local sizes = redis.call('HGETALL', P .. 'logs:bytes')
  local largest, size = id, -1
  for index = 1, #sizes, 2 do
    if sizes[index] ~= '' and tonumber(sizes[index + 1]) > size then
      largest, size = sizes[index], tonumber(sizes[index + 1])
    end
  end
  trim_log(largest, math.max(size - (total - all), 0))
end
return OK
"""#,
        sha1: "9babd5c45bd8890003bb0888887914db6d3d7cda",
        keyCount: 2
    )

    package static let askLog = RedisScript(
        name: "askLog",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'workerId', 'logBytes')
if not j[1] then return NOT_FOUND end
if j[1] ~= 'done' and j[1] ~= 'error' or not j[2] then return WRONG_STATE end
local last = redis.call('XREVRANGE', job_key(id) .. ':log', '+', '-', 'COUNT', 1)[1]
if last and tonumber(string.match(last[1], '^%d+')) >= tonumber(j[3] or '0') then return ALREADY end
local worker = P .. 'worker:' .. j[2]
local w = redis.call('HMGET', worker, 'state', 'heartbeatAt')
local is_up = (w[1] == 'running' or w[1] == 'draining') and w[2] and w[2] >= iso(NOW - 10000)
if not is_up then return WRONG_STATE end
if redis.call('SADD', worker .. ':logs', id) == 1 and not last then drop_log(id) end
redis.call('EXPIRE', worker .. ':logs', 60)
local wake = P .. 'wake:worker:' .. j[2]
if redis.call('EXISTS', wake) == 0 then redis.call('LPUSH', wake, '1') end
return OK
"""#,
        sha1: "734faa7405ffc707deb60418c488d84ae017b6eb",
        keyCount: 2
    )

    package static let audit = RedisScript(
        name: "audit",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
announce('audit', 'tokenId', ARGV[1], ARGV[2])
return OK
"""#,
        sha1: "474e9e22513ba9a2b7688a5e8600f3407f971693",
        keyCount: 2
    )

    package static let claim = RedisScript(
        name: "claim",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
local function sign_of_life(worker, token, window)
  if window == '0' or redis.call('EXISTS', P .. 'worker:' .. worker .. ':jobs') == 0 then
    redis.call('HDEL', P .. 'renewals', worker)
    return
  end
  local exact = string.match(window, '^=(%d+)$')
  local known = not exact and string.match(redis.call('HGET', P .. 'renewals', worker) or '', '%d+$')
  if known and tonumber(known) > tonumber(window) then window = known end
  redis.call('HSET', P .. 'renewals', worker, token .. ' ' .. (exact or window))
end
local function heed_loss(worker, seen, hold_for)
  local known = redis.call('HMGET', P .. 'claims', 'fence', 'hold', 'lost')
  local fence = tonumber(known[1] or '0')
  if tonumber(seen) <= fence then return false end
  local last = known[2] and string.match(known[3] or '', '^%d+') or number(fence)
  local hold = math.max(tonumber(hold_for), tonumber(string.match(known[2] or '', '%d+$') or '0'))
  redis.call('HSET', P .. 'claims', 'fence', seen, 'lost', last .. ' ' .. seen, 'hold',
    seen .. ':' .. number(NOW_US) .. ' ' .. number(hold))
  announce('dataLost', 'workerId', worker, '{"fence":' .. last .. ',"seen":' .. seen .. '}')
  return true
end
local function was_lost(fence)
  local from, till = string.match(redis.call('HGET', P .. 'claims', 'lost') or '', '^(%d+) (%d+)$')
  return from ~= nil and tonumber(fence) > tonumber(from) and tonumber(fence) <= tonumber(till)
end
local worker, host, wanted, window, seen, count = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[7])
local claims = redis.call('HMGET', P .. 'claims', 'served', 'fence', 'limited', 'losses', 'hold')
local served, fence = tonumber(claims[1] or '0'), tonumber(claims[2] or '0')
if tonumber(seen) > fence then heed_loss(worker, seen, ARGV[6]) return {} end
if claims[5] then return {} end
if redis.call('EXISTS', P .. 'worker:' .. worker .. ':forgotten') == 1 then return {} end
local paused = {}
for _, kind in ipairs(redis.call('SMEMBERS', P .. 'paused')) do paused[kind] = true end
local types, scopes = {}, {}
for index = 8, 7 + count do types[ARGV[index]] = not paused[ARGV[index]] end
for index = 8 + count, #ARGV do scopes[#scopes + 1] = ARGV[index] scopes[ARGV[index]] = true end
local limited, limits, full = claims[3], {}, {}
local function is_full(name)
  local most = limits[name]
  return most and redis.call('SCARD', P .. 'claimed:' .. name) >= tonumber(most)
end
local function heed_type(kind)
  local opens = rate_opens(kind, limits['rate:' .. kind])
  if opens then redis.call('ZADD', P .. 'rated', number(opens), kind) end
  if opens or is_full('type:' .. kind) then types[kind] = false end
end
local function heed_server(scope)
  local server = string.match(scope, '!(.*)$')
  if server and is_full('server:' .. server) then full[scope] = true end
end
if limited then
  local all = redis.call('HGETALL', P .. 'limits')
  for index = 1, #all, 2 do limits[all[index]] = all[index + 1] end
  for kind, open in pairs(types) do
    if open then heed_type(kind) end
  end
  for _, scope in ipairs(scopes) do heed_server(scope) end
end
local function next_lane()
  if served % 10 == 9 then
    for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'lanes:unserved', '-inf', NOW - 60000, 'LIMIT', 0, 100)) do
      local kind, scope = parts(name)
      if types[kind] and scopes[scope] and not full[scope] then return name end
    end
  end
  local best, lowest
  for _, scope in ipairs(scopes) do
    local lanes = full[scope] and {} or redis.call('ZRANGE', P .. 'lanes' .. scope, 0, 999, 'WITHSCORES')
    for index = 1, #lanes, 2 do
      if types[parts(lanes[index])] then
        local score = tonumber(lanes[index + 1])
        if not lowest or score < lowest then best, lowest = lanes[index], score end
        break
      end
    end
  end
  return best
end
local function start(id, j)
  fence = math.max(fence + 1, NOW_US)
  local key = job_key(id)
  local attempt = tonumber(j.attempt or '0') + 1
  if j.workerId and j.workerId ~= worker then
    local past = j.pastWorkers or ''
    if not string.find(' ' .. past .. ' ', ' ' .. j.workerId .. ' ', 1, true) then
      redis.call('HSET', key, 'pastWorkers', past == '' and j.workerId or past .. ' ' .. j.workerId)
    end
  end
  if attempt > 1 then
    redis.call('HDEL', key, 'exitCode', 'signal', 'message', 'error', 'progress', 'stage', 'component', 'resources',
      'registrations', 'result', 'kill', 'logPath', 'logBytes', 'startedAt', 'runAt', 'counted', 'suspect')
  end
  redis.call('HSET', key, 'reason', 'starting', 'workerId', worker, 'host', host, 'fence', number(fence),
    'attempt', attempt, 'updatedAt', AT, 'revision', next_revision(j))
  redis.call('SADD', P .. 'worker:' .. worker .. ':jobs', id)
  if limited then
    count_claim(id, j.type, j.serverId)
    count_start(j.type, limits['rate:' .. j.type], number(fence))
    heed_type(j.type)
    for _, scope in ipairs(scopes) do heed_server(scope) end
  end
  if claims[4] then redis.call('HSET', key, 'suspect', 1) end
  if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
  record(id, 'claimed', 'pending', 'starting', worker, attempt, number(fence), nil)
  return redis.call('HGETALL', key)
end
local taken, rest = {}, nil
for _ = 1, wanted + 100 do
  if #taken >= wanted then break end
  local name = next_lane()
  if not name then break end
  local kind, scope, priority = parts(name)
  local queue = P .. 'queue:' .. name
  local id = redis.call('LPOP', queue)
  local left = redis.call('LLEN', queue)
  rest = left > 0 and name or nil
  if left == 0 then drop_lane(scope, name) end
  local j = id and fields_of(id, { 'status', 'reason', 'type', 'node', 'serverId', 'priority', 'attempt', 'revision',
    'workerId', 'pastWorkers' })
  if j and j.status == 'pending' and (j.reason == 'queued' or j.reason == 'paused') and j.type == kind
      and scope_of(j.node, j.serverId) == scope and j.priority == (priority == '' and '5' or priority) then
    taken[#taken + 1] = start(id, j)
    if limited then rest = nil end
    served = served + 1
    if left > 0 then
      redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(j.priority) * 1e12 + served), name)
      redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
    end
  end
end
if #taken > 0 then
  redis.call('HSET', P .. 'claims', 'served', number(served), 'fence', number(fence))
  sign_of_life(worker, number(fence), window)
end
rest = rest or next_lane()
if rest then
  local kind, scope = parts(rest)
  wake(kind .. scope)
end
return taken
"""#,
        sha1: "4cca511301e04800ab80357e210a7333c70cf1c4",
        keyCount: 2
    )

    package static let closeSession = RedisScript(
        name: "closeSession",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
if redis.call('DEL', P .. 'session:' .. ARGV[1]) == 0 then return NOT_FOUND end
announce('loggedOut', 'tokenId', ARGV[1], nil)
return OK
"""#,
        sha1: "3a3b4b8914fef8da39413b01d8f444c4396bcf8b",
        keyCount: 2
    )

    package static let configure = RedisScript(
        name: "configure",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
local key = P .. 'limits'
local wanted, changed = {}, false
for index = 2 + ARGV[1], #ARGV, 2 do wanted[ARGV[index]] = ARGV[index + 1] end
for _, field in ipairs(redis.call('HKEYS', key)) do
  for index = 2, 1 + ARGV[1] do
    if string.sub(field, 1, #ARGV[index]) == ARGV[index] and not wanted[field] then
      redis.call('HDEL', key, field)
      changed = true
    end
  end
end
for field, value in pairs(wanted) do
  if redis.call('HGET', key, field) ~= value then
    redis.call('HSET', key, field, value)
    changed = true
  end
end
if not changed then return ALREADY end
local limited, queues = false, false
for _, field in ipairs(redis.call('HKEYS', key)) do
  if string.sub(field, 1, 6) == 'queue:' then queues = true else limited = true end
end
local was_limited = redis.call('HGET', P .. 'claims', 'limited')
redis.call('HDEL', P .. 'claims', 'limited', 'queues')
if queues then redis.call('HSET', P .. 'claims', 'queues', 1) end
if limited then redis.call('HSET', P .. 'claims', 'limited', 1) end
if limited and not was_limited then
  for _, worker in ipairs(redis.call('SMEMBERS', P .. 'workers')) do
    for _, id in ipairs(redis.call('SMEMBERS', P .. 'worker:' .. worker .. ':jobs')) do
      local j = redis.call('HMGET', job_key(id), 'type', 'serverId')
      if j[1] then count_claim(id, j[1], j[2]) end
    end
  end
end
wake_lanes(function() return true end)
redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', 'limitsChanged', 'status', '',
  'reason', '', 'workerId', '', 'attempt', '', 'fence', '', 'data', '')
return OK
"""#,
        sha1: "37c4a5730acf7d5eb9a3353e0e93b749807b5850",
        keyCount: 2
    )

    package static let drain = RedisScript(
        name: "drain",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local kind, cursor = ARGV[1], ARGV[2]
local ids = redis.call('ZRANGEBYSCORE', P .. 'index:pending:' .. kind, '(' .. cursor, '+inf', 'WITHSCORES', 'LIMIT', 0, 100)
local count = 0
for index = 1, #ids, 2 do
  local j = redis.call('HMGET', job_key(ids[index]), 'status', 'reason')
  if j[1] == 'pending' and j[2] ~= 'starting' then
    finish(ids[index], 'cancelled', 'error', 'cancelled', { 'message', 'the queue was drained' }, nil)
    count = count + 1
  end
end
if cursor == '0' then announce('drained', 'type', kind, nil) end
return { count, #ids == 200 and ids[200] or '' }
"""#,
        sha1: "b738b98bfc07d37e12bed688d0b8da2b7760d031",
        keyCount: 2
    )

    package static let endLeases = RedisScript(
        name: "endLeases",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local ATTEMPT_FIELDS = { 'status', 'reason', 'attempt', 'workerId', 'fence', 'revision', 'type', 'options' }
local function attempt_of(id, fence, further)
  local names = ATTEMPT_FIELDS
  if further then
    names = { unpack(ATTEMPT_FIELDS) }
    for _, name in ipairs(further) do names[#names + 1] = name end
  end
  local j = fields_of(id, names)
  if not j.status then return NOT_FOUND end
  if j.fence ~= fence then return STALE_FENCE end
  if j.status == 'done' or j.status == 'error' then return ALREADY, j end
  if j.status == 'pending' and j.reason ~= 'starting' then return ALREADY, j end
  return OK, j
end
local LOSSES, QUARANTINE = 3, 86400000
local function losses_of(field)
  local count, till, last = string.match(redis.call('HGET', P .. 'losses', field) or '', '^(%d+) (%d+) (.*)$')
  if not count or tonumber(till) <= NOW then return 0 end
  return tonumber(count), last
end
local function quarantined(kind, resource, payload)
  local count, last = losses_of(kind .. ' ' .. redis.sha1hex(payload) .. ' ' .. resource)
  return count >= LOSSES, last
end
local function count_loss(id, is_lost)
  local j = redis.call('HMGET', job_key(id), 'type', 'resourceId', 'payload')
  local field = j[1] .. ' ' .. redis.sha1hex(j[3] or '{}') .. ' ' .. j[2]
  if not is_lost then
    redis.call('HDEL', P .. 'losses', field)
    redis.call('HDEL', P .. 'quarantining', field)
    return
  end
  local count = losses_of(field) + 1
  redis.call('HSET', P .. 'claims', 'losses', 1)
  redis.call('HSET', P .. 'losses', field, count .. ' ' .. number(NOW + QUARANTINE) .. ' ' .. id)
  if count == LOSSES then
    redis.call('HSET', P .. 'quarantining', field, '0')
    announce('quarantined', 'type', j[1], '{"resourceId":' .. quoted(j[2]) .. ',"id":' .. quoted(id) .. '}')
  end
end
local function end_quarantined(field, cursor)
  local kind, digest, resource = string.match(field, '^(%S+) (%S+) (.*)$')
  local page = redis.call('ZRANGEBYSCORE', P .. 'index:resource:' .. kind .. ':' .. resource, '(' .. cursor, '+inf',
    'WITHSCORES', 'LIMIT', 0, 100)
  for index = 1, #page, 2 do
    local j = redis.call('HMGET', job_key(page[index]), 'status', 'reason', 'payload')
    if j[1] == 'pending' and j[2] ~= 'starting' and redis.sha1hex(j[3] or '{}') == digest then
      local message = 'its payload is quarantined: ' .. LOSSES .. ' jobs in a row that had it were lost'
      finish(page[index], 'cancelled', 'error', 'cancelled',
        { 'message', message, 'error', '{"code":"quarantined","message":"' .. message .. '"}' }, nil)
    end
  end
  if #page == 200 then
    redis.call('HSET', P .. 'quarantining', field, page[200])
  else
    redis.call('HDEL', P .. 'quarantining', field)
  end
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local CONCLUDE_FIELDS = { 'concurrencyKey', 'node', 'serverId', 'priority', 'failures', 'maxAttempts', 'supersededBy',
  'spawnFaults', 'lostFaults', 'temporaries', 'counted', 'suspect', 'notify' }
local function conclude(id, fence, outcome, repeatable, temporary, wait, fields)
  despite_full_memory()
  local code, j = attempt_of(id, fence, CONCLUDE_FIELDS)
  if code ~= OK then return code, '', '' end
  local key = job_key(id)
  j.was_killed = redis.call('HEXISTS', P .. 'worker:' .. j.workerId .. ':kills', id) == 1
  local failures, attempts = tonumber(j.failures or '0'), tonumber(j.maxAttempts or '1')
  if redis.call('EXISTS', key .. ':log') == 1 then redis.call('ZADD', P .. 'logs:ended', NOW + 600000, id) end
  if j.status == 'pending' and (outcome == 'done' or outcome == 'timeout' or outcome == 'idle') then
    begin(id, j, {}, nil)
  end
  if outcome == 'done' then
    fields[#fields + 1] = 'progress'
    fields[#fields + 1] = 100
    finish(id, 'done', 'done', nil, fields, nil, j)
    if j.suspect then count_loss(id, false) end
    return OK, 'done', ''
  end
  local again = false
  local counted = {}
  if j.spawnFaults and outcome ~= 'spawn' then counted = { 'spawnFaults', 0 } end
  if j.lostFaults and outcome ~= 'lost' then
    counted[#counted + 1] = 'lostFaults'
    counted[#counted + 1] = 0
  end
  if outcome == 'spawn' then
    local faults = tonumber(j.spawnFaults or '0') + 1
    counted[#counted + 1] = 'spawnFaults'
    counted[#counted + 1] = faults
    again = repeatable and faults <= 3
  elseif outcome == 'lost' then
    local faults = tonumber(j.lostFaults or '0') + 1
    counted[#counted + 1] = 'lostFaults'
    counted[#counted + 1] = faults
    again = attempts > 1 and faults <= 3
  elseif outcome ~= 'killed' then
    failures = failures + 1
    counted[#counted + 1] = 'failures'
    counted[#counted + 1] = failures
    again = repeatable and failures < attempts
    if temporary then
      local temporaries = tonumber(j.temporaries or '0') + 1
      counted[#counted + 1] = 'temporaries'
      counted[#counted + 1] = temporaries
      again = again or repeatable and temporaries <= 3
    end
  end
  for _, value in ipairs(counted) do fields[#fields + 1] = value end
  if j.was_killed then
    if outcome == 'spawn' then
      for _, value in ipairs(fields_of_kill(id)) do fields[#fields + 1] = value end
    end
    local reason = j.supersededBy and 'superseded' or 'killed'
    finish(id, reason, 'error', reason, fields, nil, j)
    return OK, 'error', reason
  end
  if not again then
    finish(id, outcome, 'error', outcome, fields, nil, j)
    if outcome == 'lost' or j.suspect and outcome ~= 'spawn' then count_loss(id, outcome == 'lost') end
    return OK, 'error', outcome
  end
  local due = NOW + tonumber(wait)
  local values = { 'status', 'pending', 'reason', 'retrying', 'runAt', iso(due), 'updatedAt', AT, 'revision',
    next_revision(j) }
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  redis.call('HDEL', key, 'pid', 'pidStartTime', 'remotePid')
  redis.call('ZREM', P .. 'index:running', id)
  if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
  redis.call('ZADD', P .. 'index:pending:' .. j.type, redis.call('ZSCORE', P .. 'index', id), id)
  redis.call('ZADD', P .. 'delayed', due, id)
  free_claim(id, j)
  record(id, 'retrying', 'pending', 'retrying', j.workerId, j.attempt, fence, '{"cause":"' .. outcome .. '","wait":' .. wait / 1000 .. '}')
  return OK, 'pending', 'retrying'
end
local worker, seen = ARGV[1], ARGV[2]
despite_full_memory()
if worker == '' then
  if redis.call('HGET', P .. 'claims', 'hold') ~= seen then return CONFLICT end
  redis.call('HDEL', P .. 'claims', 'hold')
  announce('claimsResumed', 'workerId', ARGV[3], nil)
  wake_lanes(function() return true end)
  return OK
end
if redis.call('HGET', P .. 'renewals', worker) ~= seen then return CONFLICT end
local jobs = P .. 'worker:' .. worker .. ':jobs'
for index = 6, #ARGV, 3 do
  local id = ARGV[index]
  conclude(id, ARGV[index + 1], 'lost', true, false, ARGV[index + 2], { 'message', ARGV[4], 'error', ARGV[5] })
end
if redis.call('EXISTS', jobs) == 1 then return WRONG_STATE end
redis.call('HDEL', P .. 'renewals', worker)
announce('fenced', 'workerId', worker, '{"by":' .. quoted(ARGV[3]) .. '}')
return OK
"""#,
        sha1: "1e724c2283a654ad1544015e8546af5760aa7cbf",
        keyCount: 2
    )

    package static let ended = RedisScript(
        name: "ended",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local before = ARGV[1] == '+inf' and '+inf' or '(' .. ARGV[1]
local found = {}
for _, status in ipairs({ 'done', 'error' }) do
  local page = redis.call('ZREVRANGEBYSCORE', P .. 'index:' .. status, before, '-inf', 'WITHSCORES', 'LIMIT', 0, 100)
  for index = 1, #page, 2 do found[#found + 1] = { page[index], tonumber(page[index + 1]) } end
end
table.sort(found, function(one, other) return one[2] > other[2] end)
local rows = {}
for index = 1, math.min(#found, 100) do
  local id = found[index][1]
  local j = redis.call('HMGET', job_key(id), 'type', 'completedAt', 'logBytes', 'resourceId')
  local retention = redis.call('HGET', P .. 'resource:' .. (j[1] or '') .. ':' .. (j[4] or ''), 'retention')
  rows[index] = { id, number(found[index][2]), j[1] or '', j[2] or '', j[3] or '0', j[4] or '', retention or '' }
end
return rows
"""#,
        sha1: "3985646303a88d3b1e9f1ee2982ef730f65d5376",
        keyCount: 2
    )

    package static let finish = RedisScript(
        name: "finish",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local ATTEMPT_FIELDS = { 'status', 'reason', 'attempt', 'workerId', 'fence', 'revision', 'type', 'options' }
local function attempt_of(id, fence, further)
  local names = ATTEMPT_FIELDS
  if further then
    names = { unpack(ATTEMPT_FIELDS) }
    for _, name in ipairs(further) do names[#names + 1] = name end
  end
  local j = fields_of(id, names)
  if not j.status then return NOT_FOUND end
  if j.fence ~= fence then return STALE_FENCE end
  if j.status == 'done' or j.status == 'error' then return ALREADY, j end
  if j.status == 'pending' and j.reason ~= 'starting' then return ALREADY, j end
  return OK, j
end
local LOSSES, QUARANTINE = 3, 86400000
local function losses_of(field)
  local count, till, last = string.match(redis.call('HGET', P .. 'losses', field) or '', '^(%d+) (%d+) (.*)$')
  if not count or tonumber(till) <= NOW then return 0 end
  return tonumber(count), last
end
local function quarantined(kind, resource, payload)
  local count, last = losses_of(kind .. ' ' .. redis.sha1hex(payload) .. ' ' .. resource)
  return count >= LOSSES, last
end
local function count_loss(id, is_lost)
  local j = redis.call('HMGET', job_key(id), 'type', 'resourceId', 'payload')
  local field = j[1] .. ' ' .. redis.sha1hex(j[3] or '{}') .. ' ' .. j[2]
  if not is_lost then
    redis.call('HDEL', P .. 'losses', field)
    redis.call('HDEL', P .. 'quarantining', field)
    return
  end
  local count = losses_of(field) + 1
  redis.call('HSET', P .. 'claims', 'losses', 1)
  redis.call('HSET', P .. 'losses', field, count .. ' ' .. number(NOW + QUARANTINE) .. ' ' .. id)
  if count == LOSSES then
    redis.call('HSET', P .. 'quarantining', field, '0')
    announce('quarantined', 'type', j[1], '{"resourceId":' .. quoted(j[2]) .. ',"id":' .. quoted(id) .. '}')
  end
end
local function end_quarantined(field, cursor)
  local kind, digest, resource = string.match(field, '^(%S+) (%S+) (.*)$')
  local page = redis.call('ZRANGEBYSCORE', P .. 'index:resource:' .. kind .. ':' .. resource, '(' .. cursor, '+inf',
    'WITHSCORES', 'LIMIT', 0, 100)
  for index = 1, #page, 2 do
    local j = redis.call('HMGET', job_key(page[index]), 'status', 'reason', 'payload')
    if j[1] == 'pending' and j[2] ~= 'starting' and redis.sha1hex(j[3] or '{}') == digest then
      local message = 'its payload is quarantined: ' .. LOSSES .. ' jobs in a row that had it were lost'
      finish(page[index], 'cancelled', 'error', 'cancelled',
        { 'message', message, 'error', '{"code":"quarantined","message":"' .. message .. '"}' }, nil)
    end
  end
  if #page == 200 then
    redis.call('HSET', P .. 'quarantining', field, page[200])
  else
    redis.call('HDEL', P .. 'quarantining', field)
  end
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local CONCLUDE_FIELDS = { 'concurrencyKey', 'node', 'serverId', 'priority', 'failures', 'maxAttempts', 'supersededBy',
  'spawnFaults', 'lostFaults', 'temporaries', 'counted', 'suspect', 'notify' }
local function conclude(id, fence, outcome, repeatable, temporary, wait, fields)
  despite_full_memory()
  local code, j = attempt_of(id, fence, CONCLUDE_FIELDS)
  if code ~= OK then return code, '', '' end
  local key = job_key(id)
  j.was_killed = redis.call('HEXISTS', P .. 'worker:' .. j.workerId .. ':kills', id) == 1
  local failures, attempts = tonumber(j.failures or '0'), tonumber(j.maxAttempts or '1')
  if redis.call('EXISTS', key .. ':log') == 1 then redis.call('ZADD', P .. 'logs:ended', NOW + 600000, id) end
  if j.status == 'pending' and (outcome == 'done' or outcome == 'timeout' or outcome == 'idle') then
    begin(id, j, {}, nil)
  end
  if outcome == 'done' then
    fields[#fields + 1] = 'progress'
    fields[#fields + 1] = 100
    finish(id, 'done', 'done', nil, fields, nil, j)
    if j.suspect then count_loss(id, false) end
    return OK, 'done', ''
  end
  local again = false
  local counted = {}
  if j.spawnFaults and outcome ~= 'spawn' then counted = { 'spawnFaults', 0 } end
  if j.lostFaults and outcome ~= 'lost' then
    counted[#counted + 1] = 'lostFaults'
    counted[#counted + 1] = 0
  end
  if outcome == 'spawn' then
    local faults = tonumber(j.spawnFaults or '0') + 1
    counted[#counted + 1] = 'spawnFaults'
    counted[#counted + 1] = faults
    again = repeatable and faults <= 3
  elseif outcome == 'lost' then
    local faults = tonumber(j.lostFaults or '0') + 1
    counted[#counted + 1] = 'lostFaults'
    counted[#counted + 1] = faults
    again = attempts > 1 and faults <= 3
  elseif outcome ~= 'killed' then
    failures = failures + 1
    counted[#counted + 1] = 'failures'
    counted[#counted + 1] = failures
    again = repeatable and failures < attempts
    if temporary then
      local temporaries = tonumber(j.temporaries or '0') + 1
      counted[#counted + 1] = 'temporaries'
      counted[#counted + 1] = temporaries
      again = again or repeatable and temporaries <= 3
    end
  end
  for _, value in ipairs(counted) do fields[#fields + 1] = value end
  if j.was_killed then
    if outcome == 'spawn' then
      for _, value in ipairs(fields_of_kill(id)) do fields[#fields + 1] = value end
    end
    local reason = j.supersededBy and 'superseded' or 'killed'
    finish(id, reason, 'error', reason, fields, nil, j)
    return OK, 'error', reason
  end
  if not again then
    finish(id, outcome, 'error', outcome, fields, nil, j)
    if outcome == 'lost' or j.suspect and outcome ~= 'spawn' then count_loss(id, outcome == 'lost') end
    return OK, 'error', outcome
  end
  local due = NOW + tonumber(wait)
  local values = { 'status', 'pending', 'reason', 'retrying', 'runAt', iso(due), 'updatedAt', AT, 'revision',
    next_revision(j) }
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  redis.call('HDEL', key, 'pid', 'pidStartTime', 'remotePid')
  redis.call('ZREM', P .. 'index:running', id)
  if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
  redis.call('ZADD', P .. 'index:pending:' .. j.type, redis.call('ZSCORE', P .. 'index', id), id)
  redis.call('ZADD', P .. 'delayed', due, id)
  free_claim(id, j)
  record(id, 'retrying', 'pending', 'retrying', j.workerId, j.attempt, fence, '{"cause":"' .. outcome .. '","wait":' .. wait / 1000 .. '}')
  return OK, 'pending', 'retrying'
end
local fields = {}
for index = 7, #ARGV do fields[#fields + 1] = ARGV[index] end
return { conclude(ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5] == '1', ARGV[6], fields) }
"""#,
        sha1: "e9a43ab5791df20fc09a091c172e1680f3341c91",
        keyCount: 2
    )

    package static let fireSchedule = RedisScript(
        name: "fireSchedule",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local LOSSES, QUARANTINE = 3, 86400000
local function losses_of(field)
  local count, till, last = string.match(redis.call('HGET', P .. 'losses', field) or '', '^(%d+) (%d+) (.*)$')
  if not count or tonumber(till) <= NOW then return 0 end
  return tonumber(count), last
end
local function quarantined(kind, resource, payload)
  local count, last = losses_of(kind .. ' ' .. redis.sha1hex(payload) .. ' ' .. resource)
  return count >= LOSSES, last
end
local function count_loss(id, is_lost)
  local j = redis.call('HMGET', job_key(id), 'type', 'resourceId', 'payload')
  local field = j[1] .. ' ' .. redis.sha1hex(j[3] or '{}') .. ' ' .. j[2]
  if not is_lost then
    redis.call('HDEL', P .. 'losses', field)
    redis.call('HDEL', P .. 'quarantining', field)
    return
  end
  local count = losses_of(field) + 1
  redis.call('HSET', P .. 'claims', 'losses', 1)
  redis.call('HSET', P .. 'losses', field, count .. ' ' .. number(NOW + QUARANTINE) .. ' ' .. id)
  if count == LOSSES then
    redis.call('HSET', P .. 'quarantining', field, '0')
    announce('quarantined', 'type', j[1], '{"resourceId":' .. quoted(j[2]) .. ',"id":' .. quoted(id) .. '}')
  end
end
local function end_quarantined(field, cursor)
  local kind, digest, resource = string.match(field, '^(%S+) (%S+) (.*)$')
  local page = redis.call('ZRANGEBYSCORE', P .. 'index:resource:' .. kind .. ':' .. resource, '(' .. cursor, '+inf',
    'WITHSCORES', 'LIMIT', 0, 100)
  for index = 1, #page, 2 do
    local j = redis.call('HMGET', job_key(page[index]), 'status', 'reason', 'payload')
    if j[1] == 'pending' and j[2] ~= 'starting' and redis.sha1hex(j[3] or '{}') == digest then
      local message = 'its payload is quarantined: ' .. LOSSES .. ' jobs in a row that had it were lost'
      finish(page[index], 'cancelled', 'error', 'cancelled',
        { 'message', message, 'error', '{"code":"quarantined","message":"' .. message .. '"}' }, nil)
    end
  end
  if #page == 200 then
    redis.call('HSET', P .. 'quarantining', field, page[200])
  else
    redis.call('HDEL', P .. 'quarantining', field)
  end
end
local function active_of(kind)
  local waiting = redis.call('ZRANGE', P .. 'index:pending:' .. kind, 0, 0)[1]
  if waiting then return waiting end
  for _, id in ipairs(redis.call('ZREVRANGE', P .. 'index:type:' .. kind, 0, 99)) do
    if redis.call('HGET', job_key(id), 'status') == 'running' then return id end
  end
end
local function create(id, kind, resource, fields)
  local values = { 'id', id, 'type', kind, 'status', 'pending', 'resourceId', resource, 'createdAt', AT,
    'updatedAt', AT, 'revision', 1 }
  local own = {}
  for index, value in ipairs(fields) do
    values[#values + 1] = value
    if index % 2 == 1 then own[value] = fields[index + 1] end
  end
  redis.call('HSET', job_key(id), unpack(values))
  local sequence = redis.call('INCR', P .. 'sequence')
  redis.call('ZADD', P .. 'index', sequence, id)
  redis.call('ZADD', P .. 'index:type:' .. kind, sequence, id)
  redis.call('ZADD', P .. 'index:resource:' .. kind .. ':' .. resource, sequence, id)
  redis.call('ZADD', P .. 'index:pending:' .. kind, sequence, id)
  for _, name in ipairs(further_indexes(own.serverId, own.labels, own.scheduleId)) do
    redis.call('ZADD', P .. name, sequence, id)
  end
  return sequence
end
local function place(id, j, sequence, due, open, turn)
  local reason
  if open then
    reason = 'blocked'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    if due > NOW then redis.call('ZADD', P .. 'delayed', due, id) end
  elseif due > NOW then
    reason = 'delayed'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    redis.call('ZADD', P .. 'delayed', due, id)
  else
    local holders = holders_of(j.key)
    if turn or turn_free(j.key, holders, j.limit) then
      if not turn then take_turn(j.key, holders, id) end
      reason = type_paused(j.kind) and 'paused' or 'queued'
      if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j.kind, id) end
      redis.call('HSET', job_key(id), 'queuedAt', AT)
      if turn ~= 'queued' then enqueue(id, j.kind, scope_of(j.node, j.server), j.priority) end
    else
      reason = 'blocked'
      redis.call('ZADD', P .. 'waiting:' .. j.key, j.place or sequence, id)
    end
  end
  redis.call('HSET', job_key(id), 'reason', reason)
  if due > NOW then redis.call('HSET', job_key(id), 'runAt', iso(due)) end
  record(id, 'accepted', 'pending', reason, nil, nil, nil, j.data)
  return reason
end
local function is_waited_for(key)
  if redis.call('EXISTS', P .. 'waiting:' .. key, P .. 'later:' .. key) > 0 then return true end
  for _, holder in ipairs(holders_of(key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason')
    if h[1] == 'pending' and h[2] ~= 'starting' then return true end
  end
  return false
end
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
local function schedule_key(id) return P .. 'schedule:' .. id end
local function set_next(id, tick, due)
  if tick == '' then
    redis.call('HDEL', schedule_key(id), 'next', 'due')
    redis.call('ZADD', P .. 'schedules', '+inf', id)
  else
    redis.call('HSET', schedule_key(id), 'next', tick, 'due', due)
    redis.call('ZADD', P .. 'schedules', due, id)
  end
end
local schedule, revision, seen, tick, due, overlap, run = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local WHY = { [CONFLICT] = 'its concurrency key is in use', [UNKNOWN_DEPENDENCY] = 'a job it depends on does not exist',
  [ID_IN_USE] = 'a job of its id is there already', [QUEUE_FULL] = 'its queue is full',
  [QUARANTINED] = 'its like was lost three times' }
local key = schedule_key(schedule)
local s = redis.call('HMGET', key, 'revision', 'next', 'lastJobId')
if not s[1] then return { NOT_FOUND, '' } end
if run ~= 'now' then
  if s[1] ~= revision or s[2] ~= seen then return { HEAD_CHANGED, '' } end
  set_next(schedule, tick, due)
end
local at = run ~= 'now' and iso(tonumber(run ~= '' and run or seen)) or nil
local function note(event, why)
  local data = '{"tick":' .. quoted(at) .. ',"because":' .. quoted(why) .. '}'
  redis.call('HSET', key, 'lastSkipped', data)
  announce(event, 'scheduleId', schedule, data)
end
if run == '' then
  note('scheduleMissed', 'nobody was there at its time')
  return { ALREADY, '' }
end
local last = s[3] and redis.call('HMGET', job_key(s[3]), 'status', 'reason', 'workerId') or {}
local living = last[1] == 'pending' or last[1] == 'running'
if living and overlap == 'skip' then
  note('scheduleSkipped', 'its job ' .. s[3] .. ' has not ended')
  return { ALREADY, '' }
end
local A = {}
for index = 8, #ARGV do A[#A + 1] = ARGV[index] end
if A[3] == '' then A[3] = schedule .. '-' .. redis.sha1hex(A[17]) end
local id = A[3]
local answer = admit(A, '{"scheduleId":' .. quoted(schedule) .. ',"tick":' .. quoted(at) .. '}')
if answer[1] ~= OK then
  if answer[1] ~= ALREADY and run ~= 'now' then note('scheduleFailed', WHY[answer[1]] or 'it was refused') end
  return answer
end
redis.call('HSET', key, 'lastJobId', id, 'lastRunAt', AT)
last = living and redis.call('HMGET', job_key(s[3]), 'status', 'reason', 'workerId') or {}
if overlap == 'replace' then
  if last[1] == 'pending' and last[2] ~= 'starting' then
    finish(s[3], 'superseded', 'error', 'superseded', { 'supersededBy', id, 'message', 'superseded by ' .. id },
      '{"supersededBy":' .. quoted(id) .. '}')
  elseif last[1] == 'pending' or last[1] == 'running' then
    redis.call('HSET', job_key(s[3]), 'supersededBy', id)
    request_kill(s[3], last[3], nil, nil, 'null', quoted('superseded by ' .. id))
  end
end
return answer
"""#,
        sha1: "56c0fa3e4e73261eb2d0f49d7f734c1bd7aa57cc",
        keyCount: 2
    )

    package static let forgetWorker = RedisScript(
        name: "forgetWorker",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local id = ARGV[1]
local key = P .. 'worker:' .. id
local has_attempts = redis.call('EXISTS', key .. ':jobs') == 1
if has_attempts or redis.call('EXISTS', key) == 1 then redis.call('SET', key .. ':forgotten', '1', 'EX', 60) end
if has_attempts then return WRONG_STATE end
local found = redis.call('DEL', key)
found = found + redis.call('SREM', P .. 'workers', id)
redis.call('HDEL', P .. 'renewals', id)
redis.call('DEL', key .. ':kills', key .. ':removed', key .. ':logs', P .. 'wake:worker:' .. id,
  P .. 'wake:worker:' .. id .. ':claimer')
if found == 0 then return NOT_FOUND end
announce('forgotten', 'workerId', id, nil)
return OK
"""#,
        sha1: "bde82fdbac3a1db8cf75d60dd6c20b16b825f933",
        keyCount: 2
    )

    package static let forgotten = RedisScript(
        name: "forgotten",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
for index = 2, #ARGV do redis.call('SREM', P .. 'worker:' .. ARGV[1] .. ':removed', ARGV[index]) end
return OK
"""#,
        sha1: "c65353bfdee79af6f24d99d103e9ce2306447e50",
        keyCount: 2
    )

    package static let holdControl = RedisScript(
        name: "holdControl",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local role = P .. 'role:control'
local holder = redis.call('GET', role)
if holder and holder ~= ARGV[1] then return CONFLICT end
if ARGV[2] == '1' then
  redis.call('SET', role, ARGV[1], 'PX', 2000)
else
  redis.call('DEL', role)
end
return OK
"""#,
        sha1: "d557517dab0215e4d97235019632f06ff6cd61d9",
        keyCount: 2
    )

    package static let inspectJobs = RedisScript(
        name: "inspectJobs",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local repairing = ARGV[1] == '1'
local found = {}
local ENDED = { done = true, error = true }
local HOLDING = { queued = true, paused = true, starting = true, retrying = true }
local WAITS = { queued = true, paused = true, starting = true, retrying = true, delayed = true, blocked = true }
local function inspect(id, seen)
  local key = job_key(id)
  local h = redis.call('HMGET', key, 'status', 'reason', 'type', 'resourceId', 'concurrencyKey', 'node', 'serverId',
    'priority', 'workerId', 'fence', 'attempt', 'revision', 'completedAt', 'progress', 'kill', 'pid', 'labels', 'runAt',
    'concurrencyLimit', 'counted', 'scheduleId')
  local status, reason, kind, turn, worker = h[1], h[2] or '', h[3], h[5], h[9] or ''
  if not status then return end
  local repairs, told = {}, {}
  local function say(what, text, repair)
    found[#found + 1] = { what, id, 'job ' .. id .. ' (' .. status .. (reason ~= '' and ' ' .. reason or '') .. ') ' .. text,
      repair and 1 or 0, repairing and repair and 1 or 0 }
    if repair then
      repairs[#repairs + 1] = repair
      told[#told + 1] = quoted(text)
    end
  end
  if not kind or not h[4] or not turn or not h[8] then
    return say('fields', 'lacks its type, resourceId, concurrencyKey or priority')
  end
  local pending, running = status == 'pending', status == 'running'
  if not pending and not running and not ENDED[status] then return say('fields', 'has a status that there is none of') end
  local function sequence()
    local names = { 'index', 'index:type:' .. kind, 'index:resource:' .. kind .. ':' .. h[4], 'index:pending:' .. kind }
    for _, name in ipairs(names) do
      local score = redis.call('ZSCORE', P .. name, id)
      if score then return score end
    end
    local score = redis.call('INCR', P .. 'sequence')
    redis.call('ZADD', P .. 'index', score, id)
    return score
  end
  local function in_sorted(name) return redis.call('ZSCORE', P .. name, id) ~= false end
  local function expect(what, should, is, place, add, drop)
    if should and not is then say(what, 'is not in ' .. place, add) end
    if is and not should then say(what, 'is in ' .. place, drop) end
  end
  local function sorted(name, should, place, score)
    expect('index', should, in_sorted(name), place,
      function() redis.call('ZADD', P .. name, (score or sequence)(), id) end,
      function() redis.call('ZREM', P .. name, id) end)
  end
  local function due()
    local year, month, day, hour, minute, second = string.match(h[18] or '', '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
    if not year then return NOW end
    for ms = NOW, NOW + 366 * 86400000, 86400000 do
      if string.sub(iso(ms), 1, 10) == year .. '-' .. month .. '-' .. day then
        return ms - ms % 86400000 + (hour * 3600 + minute * 60 + second) * 1000
      end
    end
    return NOW
  end
  local open = redis.call('EXISTS', key .. ':dependencies') == 1
  local line = P .. 'waiting:' .. turn
  if pending and not WAITS[reason] then
    say('fields', 'has no reason to wait', function()
      free_turn(turn, id)
      redis.call('HSET', key, 'reason', 'blocked')
      redis.call(open and 'ZADD' or 'ZREM', P .. 'later:' .. turn, unpack(open and { sequence(), id } or { id }))
      if not open then redis.call('ZADD', line, sequence(), id) end
    end)
  end
  local waiting, later = pending and reason == 'blocked' and not open, pending and (reason == 'delayed' or open)
  local timed = in_sorted('delayed')
  sorted('index', true, 'the index')
  sorted('index:type:' .. kind, true, 'the index of its type')
  sorted('index:resource:' .. kind .. ':' .. h[4], true, 'the index of its resource')
  for _, name in ipairs(further_indexes(h[7], h[17], h[21])) do sorted(name, true, name) end
  sorted('index:pending:' .. kind, pending, 'the index of pending jobs')
  sorted('index:running', running, 'the index of running jobs')
  sorted('index:done', status == 'done', 'the index of jobs that are done')
  sorted('index:error', status == 'error', 'the index of jobs in error')
  if WAITS[reason] or not pending then
    sorted('waiting:' .. turn, waiting, 'the line of its concurrency key')
    sorted('later:' .. turn, later, 'the jobs that come later to its concurrency key')
    sorted('delayed', pending and (reason == 'delayed' or reason == 'retrying' or later and timed), 'the delayed jobs', due)
  end
  expect('index', pending and reason == 'paused', redis.call('SISMEMBER', P .. 'paused:' .. kind, id) == 1,
    'the paused jobs of its type', function() redis.call('SADD', P .. 'paused:' .. kind, id) end,
    function() redis.call('SREM', P .. 'paused:' .. kind, id) end)
  local held = P .. 'worker:' .. worker
  local begun = pending and reason == 'starting' or running
  local lacking = begun and (worker == '' or not h[10] or tonumber(h[11] or '0') < 1)
  if lacking then say('fields', 'has no worker, fence or attempt') end
  if worker ~= '' then
    expect('worker', begun, redis.call('SISMEMBER', held .. ':jobs', id) == 1, 'the jobs of its worker',
      function() redis.call('SADD', held .. ':jobs', id) end, function() redis.call('SREM', held .. ':jobs', id) end)
    expect('kill', begun and h[15] ~= false, redis.call('HEXISTS', held .. ':kills', id) == 1, 'the kills of its worker',
      function() request_kill(id, worker, nil, nil, 'null', 'null') end, function()
        if begun then
          request_kill(id, worker, nil, nil, 'null', 'null')
        else
          redis.call('HDEL', held .. ':kills', id)
        end
      end)
  end
  local function claimed(name, place)
    expect('index', h[20] ~= false and begun, redis.call('SISMEMBER', P .. name, id) == 1, place,
      function() redis.call('SADD', P .. name, id) end, function() redis.call('SREM', P .. name, id) end)
  end
  claimed('claimed:type:' .. kind, 'the claims of its type')
  if h[7] then claimed('claimed:server:' .. h[7], 'the claims for its server') end
  if not pending and in_sorted('deadlines') then
    say('index', 'still has a deadline for its start', function() redis.call('ZREM', P .. 'deadlines', id) end)
  end
  if not pending and open then
    say('dependency', 'still has open dependencies', function()
      for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
        redis.call('ZREM', job_key(dependency) .. ':dependents', id)
      end
      redis.call('DEL', key .. ':dependencies')
    end)
  end
  local holds, lane = false, lane_of(kind, h[6], h[7], h[8])
  local holders = holders_of(turn)
  for _, holder in ipairs(holders) do holds = holds or holder == id end
  local blocked = false
  if WAITS[reason] or not pending then
    expect('turn', running or pending and HOLDING[reason], holds, 'the turns of its concurrency key', function()
      holders = holders_of(turn)
      if begun or turn_free(turn, holders, tonumber(h[19] or '1')) then return take_turn(turn, holders, id) end
      blocked = true
      redis.call('HSET', key, 'reason', 'blocked')
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('SREM', P .. 'paused:' .. kind, id)
      redis.call('ZADD', line, sequence(), id)
    end, function() free_turn(turn, id) end)
  end
  if pending and (reason == 'queued' or reason == 'paused') and seen ~= '1'
      and not redis.call('LPOS', P .. 'queue:' .. lane, id) then
    say('queue', 'is not in its queue ' .. lane, function()
      if not blocked then enqueue(id, kind, scope_of(h[6], h[7]), h[8], true) end
    end)
  end
  if not running and h[16] then say('fields', 'has a pid', function() redis.call('HDEL', key, 'pid', 'pidStartTime') end) end
  if (ENDED[status] or false) ~= (h[13] ~= false) then
    say('fields', h[13] and 'has completedAt ' .. h[13] or 'has no completedAt', function()
      if ENDED[status] then redis.call('HSET', key, 'completedAt', AT) else redis.call('HDEL', key, 'completedAt') end
    end)
  end
  if (status == 'done') ~= (h[14] == '100') then
    say('fields', 'has progress ' .. (h[14] or 'missing'), function()
      redis.call('HSET', key, 'progress', status == 'done' and 100 or 99)
    end)
  end
  local last = redis.call('LINDEX', key .. ':history', -1)
  if not last or not string.find(last, '"status":"' .. status .. '","reason":' .. quoted(reason) .. ',', 1, true) then
    say('history', 'is not where its history ends', function() end)
  end
  if redis.call('LLEN', key .. ':history') > tonumber(h[12] or '0') then
    say('fields', 'changed more often than its revision says', function()
      redis.call('HSET', key, 'revision', redis.call('LLEN', key .. ':history'))
    end)
  end
  for _, dependency in ipairs(pending and redis.call('SRANDMEMBER', key .. ':dependencies', 100) or {}) do
    local state = redis.call('HGET', job_key(dependency), 'status')
    local dependents = job_key(dependency) .. ':dependents'
    local over = not state or ENDED[state]
    if over and redis.call('HEXISTS', P .. 'settling', dependency) == 0 then
      say('dependency', 'waits for ' .. dependency .. ', which is ' .. (state and 'over' or 'gone'), function()
        redis.call('ZADD', dependents, sequence(), id)
        settle_dependents(dependency, state or 'error')
      end)
    elseif not redis.call('ZSCORE', dependents, id) then
      say('dependency', 'is not among the dependents of ' .. dependency, function()
        redis.call('ZADD', dependents, sequence(), id)
      end)
    end
  end
  if not repairing or #repairs == 0 then return end
  for _, repair in ipairs(repairs) do repair() end
  give_turns(turn)
  local now = redis.call('HMGET', key, 'status', 'reason', 'workerId', 'attempt', 'fence')
  redis.call('HSET', key, 'updatedAt', AT)
  redis.call('HINCRBY', key, 'revision', 1)
  record(id, 'repaired', now[1], now[2], now[3], now[4], now[5], '[' .. table.concat(told, ',') .. ']')
end
for index = 2, #ARGV, 2 do inspect(ARGV[index], ARGV[index + 1]) end
return found
"""#,
        sha1: "97e68616714064d97c4c723950a3fdb807e8132f",
        keyCount: 2
    )

    package static let inspectMembers = RedisScript(
        name: "inspectMembers",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local repairing, family, key = ARGV[1] == '1', ARGV[2], ARGV[3]
local found = {}
local function say(kind, entry, sentence, repair)
  found[#found + 1] = { kind, entry, sentence, repair and 1 or 0, repairing and repair and 1 or 0 }
  if repairing and repair then repair() end
end
local kind_of_key = key ~= '' and redis.call('TYPE', key).ok
local function is_member(id)
  if kind_of_key == 'zset' then return redis.call('ZSCORE', key, id) ~= false end
  if kind_of_key == 'set' then return redis.call('SISMEMBER', key, id) == 1 end
  return redis.call('HEXISTS', key, id) == 1
end
local function drop(id)
  if key == P .. 'logs:bytes' or key == P .. 'logs:ended' then return drop_log(id) end
  redis.call(kind_of_key == 'zset' and 'ZREM' or kind_of_key == 'set' and 'SREM' or 'HDEL', key, id)
end
local name = string.sub(key, #P + 1)
local fields, value
for prefix, names in pairs({ ['index:type:'] = { 'type' }, ['index:pending:'] = { 'type' }, ['paused:'] = { 'type' },
  ['index:resource:'] = { 'type', 'resourceId' }, ['waiting:'] = { 'concurrencyKey' }, ['later:'] = { 'concurrencyKey' },
  ['index:server:'] = { 'serverId' }, ['index:schedule:'] = { 'scheduleId' }, ['claimed:type:'] = { 'type' }, ['claimed:server:'] = { 'serverId' } }) do
  if string.sub(name, 1, #prefix) == prefix then fields, value = names, string.sub(name, #prefix + 1) end
end
if string.find(name, '^worker:.+:jobs$') or string.find(name, '^worker:.+:kills$') or string.find(name, '^worker:.+:logs$') then
  fields, value = { 'workerId' }, string.match(name, '^worker:(.+):%a+$')
end
local function belongs(id)
  if fields then
    local values = redis.call('HMGET', job_key(id), unpack(fields))
    for index = 1, #fields do values[index] = values[index] or '' end
    return table.concat(values, ':') == value
  end
  if string.sub(name, 1, 12) ~= 'index:label:' then return true end
  for _, index in ipairs(further_indexes(nil, redis.call('HGET', job_key(id), 'labels'))) do
    if index == name then return true end
  end
  return false
end
local check = {
  jobs = function(id)
    if id == '' or not is_member(id) then return end
    if redis.call('EXISTS', job_key(id)) == 0 then
      say('leftover', id, key .. ' names the job ' .. id .. ', which does not exist', function() drop(id) end)
    elseif not belongs(id) then
      say('index', id, key .. ' names the job ' .. id .. ', which has no place there', function() drop(id) end)
    end
  end,
  parts = function(part)
    local id = string.match(part, '^([^:]+):')
    if redis.call('EXISTS', job_key(id)) == 1 or redis.call('EXISTS', job_key(part)) == 0 then return end
    say('leftover', part, job_key(part) .. ' outlives its job', function()
      if string.sub(part, -4) == ':log' then drop_log(id) else redis.call('DEL', job_key(part)) end
    end)
  end,
  turns = function(turn)
    local holders, limit = holders_of(turn), math.huge
    for _, id in ipairs(holders) do
      local j = redis.call('HMGET', job_key(id), 'concurrencyKey', 'concurrencyLimit', 'status')
      limit = math.min(limit, tonumber(j[2] or '1'))
      if j[1] ~= turn or j[3] ~= 'pending' and j[3] ~= 'running' then
        say('turn', turn, 'the turn of ' .. turn .. ' is held by ' .. id .. ', which is ' .. (j[3] or 'gone'),
          function() free_turn(turn, id) end)
      end
    end
    if #holders > limit then
      say('turn', turn, turn .. ' is held by ' .. #holders .. ' jobs (' .. table.concat(holders, ' ', 1, math.min(#holders, 10))
        .. '), its limit is ' .. limit)
    end
    local line = P .. 'waiting:' .. turn
    local first = redis.call('TYPE', line).ok == 'zset' and redis.call('ZRANGE', line, 0, 0)[1]
    if #holders == 0 and first and redis.call('SISMEMBER', P .. 'giving', turn) == 0 and redis.call('HGET', job_key(first), 'concurrencyKey') == turn then
      say('turn', turn, 'the turn of ' .. turn .. ' is free, and ' .. first .. ' waits for it',
        function() give_turns(turn) end)
    end
  end,
  lanes = function(lane)
    if redis.call('EXISTS', P .. 'queue:' .. lane) == 0 and is_member(lane) then
      say('lane', lane, key .. ' names the queue ' .. lane .. ', which is empty', function()
        redis.call('ZREM', key, lane)
      end)
    end
  end,
  renewals = function(worker)
    local sign = redis.call('HGET', key, worker)
    if not sign then return end
    local is_held = redis.call('EXISTS', P .. 'worker:' .. worker .. ':jobs') == 1
    if not string.match(sign, '^%S+ [1-9]%d*$') then
      say('worker', worker, 'the sign of life of ' .. worker .. ' reads "' .. sign .. '"')
    elseif not is_held and redis.call('SISMEMBER', P .. 'workers', worker) == 0 then
      say('worker', worker, key .. ' names the worker ' .. worker .. ', which is not on record', function()
        redis.call('HDEL', key, worker)
      end)
    end
  end,
  queues = function(lane)
    if redis.call('EXISTS', P .. 'queue:' .. lane) == 0 then return end
    local kind, scope, priority = parts(lane)
    local lanes = P .. 'lanes' .. scope
    if redis.call('ZSCORE', lanes, lane) and redis.call('ZSCORE', P .. 'lanes:unserved', lane) then return end
    say('lane', lane, 'the queue ' .. lane .. ' is in no set of lanes', function()
      local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
      redis.call('ZADD', lanes, 'NX', number((tonumber(priority) or 5) * 1e12 + served), lane)
      redis.call('ZADD', P .. 'lanes:unserved', 'NX', number(NOW), lane)
      local wake = P .. 'wake:' .. kind .. scope
      if redis.call('EXISTS', wake) == 0 then redis.call('LPUSH', wake, '1') end
    end)
  end,
  schedules = function(id)
    local s = redis.call('HMGET', P .. 'schedule:' .. id, 'definition', 'paused', 'due')
    local due = redis.call('ZSCORE', key, id)
    if not s[1] then
      if not due then return end
      return say('leftover', id, key .. ' names the schedule ' .. id .. ', which does not exist', function()
        redis.call('ZREM', key, id)
      end)
    end
    if due ~= (s[3] or 'inf') then
      say('index', id, 'the schedule ' .. id .. ' comes due at ' .. (s[3] or 'no time') .. ', but stands at '
        .. (due or 'none'), function() redis.call('ZADD', key, s[3] or '+inf', id) end)
    end
    if (s[2] == '1') == (s[3] ~= false) then
      say('fields', id, 'the schedule ' .. id .. (s[2] == '1' and ' is paused and has a' or ' has no') .. ' next run: '
        .. 'pause and resume it')
    end
  end,
  named = function(member)
    local hash = string.sub(key, 1, -2) .. ':' .. member
    local is_there = redis.call('EXISTS', hash) == 1
    if is_there == (redis.call('SISMEMBER', key, member) == 1) then return end
    say('index', member, is_there and hash .. ' is missing from ' .. key or key .. ' names ' .. member .. ', which does not exist',
      function() redis.call(is_there and 'SADD' or 'SREM', key, member) end)
  end,
  notifications = function(entry)
    if not is_member(entry) then return end
    local status = redis.call('HGET', job_key(string.match(entry, '^[^:]*')), 'status')
    if status ~= 'done' and status ~= 'error' or not redis.call('ZSCORE', P .. 'notify', entry) then
      say('leftover', entry, key .. ' names ' .. entry .. ', which is not to be told', function() drop(entry) end)
    end
  end,
  sums = function()
    local sum, total = 0, 0
    local sizes = redis.call('HGETALL', key)
    for index = 1, #sizes, 2 do
      if sizes[index] == '' then total = tonumber(sizes[index + 1]) else sum = sum + tonumber(sizes[index + 1]) end
    end
    if sum == total then return end
    say('sum', key, key .. ' sums up to ' .. sum .. ', but says ' .. total, function()
      redis.call('HSET', key, '', sum)
    end)
  end,
}
for index = 4, #ARGV do check[family](ARGV[index]) end
return found
"""#,
        sha1: "2fc7370909594f0500c088ee43eb2da32e61820d",
        keyCount: 2
    )

    package static let kill = RedisScript(
        name: "kill",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'workerId')
if not j[1] then return { NOT_FOUND, '' } end
if j[1] == 'done' or j[1] == 'error' then return { ALREADY, j[1] } end
if j[1] == 'pending' and j[2] ~= 'starting' then
  local fields = ARGV[6] == '' and {} or { 'message', ARGV[6] }
  finish(id, 'cancelled', 'error', 'cancelled', fields, '{"by":' .. ARGV[4] .. ',"why":' .. ARGV[5] .. '}')
  return { OK, 'cancelled' }
end
if ARGV[7] == '1' then return { WRONG_STATE, j[1] } end
request_kill(id, j[3], ARGV[2] ~= '' and ARGV[2] or nil, ARGV[3] ~= '' and ARGV[3] or nil, ARGV[4], ARGV[5])
return { OK, 'requested' }
"""#,
        sha1: "e1f964ea61e252b22d88f8002f7cd90c92165f76",
        keyCount: 2
    )

    package static let leave = RedisScript(
        name: "leave",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local key = P .. 'worker:' .. ARGV[1]
if redis.call('HEXISTS', key, 'state') == 0 then return NOT_FOUND end
redis.call('HSET', key, 'state', ARGV[2], 'heartbeatAt', AT)
if ARGV[2] == 'stopped' or ARGV[2] == 'detached' then redis.call('DEL', key .. ':logs') end
if ARGV[2] == 'stopped' then
  redis.call('HSET', key, 'running', 0)
  redis.call('HDEL', key, 'stopMode')
  redis.call('DEL', P .. 'wake:worker:' .. ARGV[1], P .. 'wake:worker:' .. ARGV[1] .. ':claimer')
  redis.call('HDEL', P .. 'renewals', ARGV[1])
  redis.call('EXPIRE', key, 86400)
end
announce(ARGV[2], 'workerId', ARGV[1], nil)
return OK
"""#,
        sha1: "258f355cc8493ae2bcc77c61ff7b1c62c668c47a",
        keyCount: 2
    )

    package static let notified = RedisScript(
        name: "notified",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local name, id, try, event, data, wait = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if redis.call('HGET', P .. 'notify:tries', name) ~= try then return STALE_FENCE end
if event == '' then
  redis.call('ZADD', P .. 'notify', number(NOW + tonumber(wait)), name)
  return OK
end
redis.call('ZREM', P .. 'notify', name)
redis.call('HDEL', P .. 'notify:tries', name)
local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'workerId', 'attempt', 'fence')
redis.call('HSET', job_key(id), 'updatedAt', AT)
redis.call('HINCRBY', job_key(id), 'revision', 1)
record(id, event, j[1], j[2], j[3], j[4], j[5], data)
return OK
"""#,
        sha1: "f482d9246bff127456d8e95d4617e15ba664ab4c",
        keyCount: 2
    )

    package static let openSession = RedisScript(
        name: "openSession",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local login, session = P .. 'login:' .. ARGV[1], P .. 'session:' .. ARGV[3]
if redis.call('HGET', session, 'digest') == ARGV[4] then return OK end
if redis.call('HGET', login, 'digest') ~= ARGV[2] then return NOT_FOUND end
local scopes = redis.call('HGET', login, 'scopes')
redis.call('DEL', login)
redis.call('HSET', session, 'id', ARGV[3], 'digest', ARGV[4], 'scopes', scopes, 'createdAt', AT, 'name', 'login ' .. ARGV[1])
redis.call('PEXPIRE', session, ARGV[5])
announce('loggedIn', 'tokenId', ARGV[3], '{"login":' .. quoted(ARGV[1]) .. '}')
return OK
"""#,
        sha1: "4650fafb38075f9db34b39e5d2337455638be9a5",
        keyCount: 2
    )

    package static let overview = RedisScript(
        name: "overview",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
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
"""#,
        sha1: "f1c8ef7d52f2ca46dfff437d55e2b4f028f67532",
        keyCount: 2
    )

    package static let pause = RedisScript(
        name: "pause",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local kind, pausing, cursor = ARGV[1], ARGV[2] == '1', ARGV[3]
if cursor == '0' then
  if kind ~= '*' then redis.call('SADD', P .. 'types', kind) end
  local changed = redis.call(pausing and 'SADD' or 'SREM', P .. 'paused', kind)
  if changed == 1 then announce(pausing and 'paused' or 'resumed', 'type', kind, nil) end
  if not pausing then
    wake_lanes(function(other) return other == kind end)
  end
end
if type_paused(kind) ~= pausing then return '' end
local from, to = pausing and 'queued' or 'paused', pausing and 'paused' or 'queued'
local function name_reason(id)
  local key = job_key(id)
  local j = redis.call('HMGET', key, 'reason', 'attempt')
  if j[1] ~= from then return end
  redis.call('HSET', key, 'reason', to, 'updatedAt', AT)
  redis.call('HINCRBY', key, 'revision', 1)
  record(id, to, 'pending', to, nil, j[2], nil, nil)
  redis.call(pausing and 'SADD' or 'SREM', P .. 'paused:' .. kind, id)
end
if not pausing then
  local ids = redis.call('SPOP', P .. 'paused:' .. kind, 100)
  for _, id in ipairs(ids) do name_reason(id) end
  return #ids == 100 and '1' or ''
end
local ids = redis.call('ZRANGEBYSCORE', P .. 'index:pending:' .. kind, '(' .. cursor, '+inf', 'WITHSCORES', 'LIMIT', 0, 100)
for index = 1, #ids, 2 do name_reason(ids[index]) end
return #ids == 200 and ids[200] or ''
"""#,
        sha1: "51e10ba6c02bbffaacf0212ef143f91e58414a1a",
        keyCount: 2
    )

    package static let pauseSchedule = RedisScript(
        name: "pauseSchedule",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function schedule_key(id) return P .. 'schedule:' .. id end
local function set_next(id, tick, due)
  if tick == '' then
    redis.call('HDEL', schedule_key(id), 'next', 'due')
    redis.call('ZADD', P .. 'schedules', '+inf', id)
  else
    redis.call('HSET', schedule_key(id), 'next', tick, 'due', due)
    redis.call('ZADD', P .. 'schedules', due, id)
  end
end
local id, revision, paused, tick, due = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = schedule_key(id)
local found = redis.call('HGET', key, 'revision')
if not found then return NOT_FOUND end
if found ~= revision then return HEAD_CHANGED end
redis.call('HSET', key, 'paused', paused, 'updatedAt', AT)
redis.call('HINCRBY', key, 'revision', 1)
set_next(id, tick, due)
announce(paused == '1' and 'schedulePaused' or 'scheduleResumed', 'scheduleId', id, nil)
return OK
"""#,
        sha1: "c994bfe742d9c39f28c4536c91ac591bae028897",
        keyCount: 2
    )

    package static let promote = RedisScript(
        name: "promote",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason')
if not j[1] then return { NOT_FOUND, '' } end
if j[2] ~= 'delayed' and j[2] ~= 'retrying' then return { WRONG_STATE, j[2] or j[1] } end
redis.call('HDEL', job_key(id), 'runAt')
come_due(id)
return { OK, redis.call('HGET', job_key(id), 'reason') }
"""#,
        sha1: "bb88def7f122f47ed7d537549676302a9f81158b",
        keyCount: 2
    )

    package static let prune = RedisScript(
        name: "prune",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local count = 0
for _, id in ipairs(ARGV) do
  local j = redis.call('HMGET', job_key(id), 'status', 'notify')
  local open = redis.call('EXISTS', job_key(id) .. ':dependents') == 1
  for index = 0, #(j[2] or '') - 1 do open = open or redis.call('ZSCORE', P .. 'notify', id .. ':' .. index) ~= false end
  if (j[1] == 'done' or j[1] == 'error') and not open then
    forget(id, j[1])
    count = count + 1
  end
end
return count
"""#,
        sha1: "b9e01f20c05c6e34435dfff791b4a94867212781",
        keyCount: 2
    )

    package static let putLogin = RedisScript(
        name: "putLogin",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local id, by = ARGV[1], ARGV[2]
local key = P .. 'login:' .. id
if redis.call('EXISTS', key) == 1 then return ID_IN_USE end
local fields = { 'id', id, 'createdAt', AT }
for index = 4, #ARGV do fields[#fields + 1] = ARGV[index] end
redis.call('HSET', key, unpack(fields))
redis.call('PEXPIRE', key, ARGV[3])
announce('loginCreated', 'tokenId', id, '{"by":' .. quoted(by) .. '}')
return OK
"""#,
        sha1: "a4f717ff6363385bbd122bf7eaa9f79f4de1e9ea",
        keyCount: 2
    )

    package static let putResource = RedisScript(
        name: "putResource",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local kind, id, definition, expected, retention = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = P .. 'resource:' .. kind .. ':' .. id
local r = redis.call('HMGET', key, 'version', 'definition')
if expected ~= '' and expected ~= (r[1] or '0') then return { HEAD_CHANGED, r[1] or '0' } end
if r[2] == definition then return { ALREADY, r[1] } end
local version = number(tonumber(r[1] or '0') + 1)
redis.call('HSET', key, 'type', kind, 'id', id, 'definition', definition, 'version', version, 'updatedAt', AT)
redis.call('HSETNX', key, 'createdAt', AT)
if retention == '' then redis.call('HDEL', key, 'retention') else redis.call('HSET', key, 'retention', retention) end
redis.call('SADD', P .. 'resources', kind .. ':' .. id)
announce('resourceChanged', 'type', kind, '{"resourceId":' .. quoted(id) .. ',"version":' .. version .. '}')
return { OK, version }
"""#,
        sha1: "00df948f3967da4a2ec98de13d16a2bf64f34f18",
        keyCount: 2
    )

    package static let putSchedule = RedisScript(
        name: "putSchedule",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function schedule_key(id) return P .. 'schedule:' .. id end
local function set_next(id, tick, due)
  if tick == '' then
    redis.call('HDEL', schedule_key(id), 'next', 'due')
    redis.call('ZADD', P .. 'schedules', '+inf', id)
  else
    redis.call('HSET', schedule_key(id), 'next', tick, 'due', due)
    redis.call('ZADD', P .. 'schedules', due, id)
  end
end
local id, replace, tick, due, definition = ARGV[1], ARGV[2] == '1', ARGV[3], ARGV[4], ARGV[5]
local key = schedule_key(id)
local old = redis.call('HGET', key, 'definition')
if old == definition and not replace then return ALREADY end
if old and not replace then return ID_IN_USE end
redis.call('HSET', key, 'id', id, 'definition', definition, 'paused', ARGV[6], 'updatedAt', AT)
redis.call('HSETNX', key, 'createdAt', AT)
redis.call('HINCRBY', key, 'revision', 1)
set_next(id, tick, due)
announce(old and 'scheduleChanged' or 'scheduleAdded', 'scheduleId', id, nil)
return OK
"""#,
        sha1: "926fe79b6d95fd66c694b357b892f934bf80c48b",
        keyCount: 2
    )

    package static let putToken = RedisScript(
        name: "putToken",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local id, by = ARGV[1], ARGV[2]
local key = P .. 'token:' .. id
if redis.call('EXISTS', key) == 1 then return ID_IN_USE end
local fields = { 'id', id, 'createdAt', AT }
for index = 3, #ARGV do fields[#fields + 1] = ARGV[index] end
redis.call('HSET', key, unpack(fields))
redis.call('SADD', P .. 'tokens', id)
announce('tokenCreated', 'tokenId', id, '{"by":' .. quoted(by) .. '}')
return OK
"""#,
        sha1: "5a29ba70cfb297a6ae2b0ed74bb3696234077f0a",
        keyCount: 2
    )

    package static let register = RedisScript(
        name: "register",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function know_types(first, count)
  local all_paused = redis.call('SISMEMBER', P .. 'paused', '*') == 1
  for index = first, first + count - 1 do
    if redis.call('SADD', P .. 'types', ARGV[index]) == 1 and all_paused then
      redis.call('SADD', P .. 'paused', ARGV[index])
      announce('paused', 'type', ARGV[index], nil)
    end
  end
end
local schema, reader, worker, count = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local found = redis.call('HMGET', KEYS[1], 'schema', 'minReader')
if found[1] and (tonumber(found[2] or '1') > schema or tonumber(found[1]) > schema + 1) then
  return { WRONG_STATE, found[1], found[2] or '1' }
end
if not found[1] then redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'minReader', ARGV[2]) end
know_types(5, count)
if worker == '' then return { OK, {} } end
local key = P .. 'worker:' .. worker
local values = { 'startedAt', AT, 'heartbeatAt', AT, 'state', 'running' }
for index = 5 + count, #ARGV do values[#values + 1] = ARGV[index] end
redis.call('HSET', key, unpack(values))
redis.call('HDEL', key, 'stopMode')
redis.call('PERSIST', key)
redis.call('DEL', key .. ':forgotten')
redis.call('SADD', P .. 'workers', worker)
local jobs = redis.call('SMEMBERS', key .. ':jobs')
announce('workerStarted', 'workerId', worker, '{"jobs":' .. #jobs .. '}')
return { OK, jobs }
"""#,
        sha1: "78c0bfee17082777f9b41c4035465a3f1fdee1eb",
        keyCount: 2
    )

    package static let reject = RedisScript(
        name: "reject",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local function active_of(kind)
  local waiting = redis.call('ZRANGE', P .. 'index:pending:' .. kind, 0, 0)[1]
  if waiting then return waiting end
  for _, id in ipairs(redis.call('ZREVRANGE', P .. 'index:type:' .. kind, 0, 99)) do
    if redis.call('HGET', job_key(id), 'status') == 'running' then return id end
  end
end
local function create(id, kind, resource, fields)
  local values = { 'id', id, 'type', kind, 'status', 'pending', 'resourceId', resource, 'createdAt', AT,
    'updatedAt', AT, 'revision', 1 }
  local own = {}
  for index, value in ipairs(fields) do
    values[#values + 1] = value
    if index % 2 == 1 then own[value] = fields[index + 1] end
  end
  redis.call('HSET', job_key(id), unpack(values))
  local sequence = redis.call('INCR', P .. 'sequence')
  redis.call('ZADD', P .. 'index', sequence, id)
  redis.call('ZADD', P .. 'index:type:' .. kind, sequence, id)
  redis.call('ZADD', P .. 'index:resource:' .. kind .. ':' .. resource, sequence, id)
  redis.call('ZADD', P .. 'index:pending:' .. kind, sequence, id)
  for _, name in ipairs(further_indexes(own.serverId, own.labels, own.scheduleId)) do
    redis.call('ZADD', P .. name, sequence, id)
  end
  return sequence
end
local function place(id, j, sequence, due, open, turn)
  local reason
  if open then
    reason = 'blocked'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    if due > NOW then redis.call('ZADD', P .. 'delayed', due, id) end
  elseif due > NOW then
    reason = 'delayed'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    redis.call('ZADD', P .. 'delayed', due, id)
  else
    local holders = holders_of(j.key)
    if turn or turn_free(j.key, holders, j.limit) then
      if not turn then take_turn(j.key, holders, id) end
      reason = type_paused(j.kind) and 'paused' or 'queued'
      if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j.kind, id) end
      redis.call('HSET', job_key(id), 'queuedAt', AT)
      if turn ~= 'queued' then enqueue(id, j.kind, scope_of(j.node, j.server), j.priority) end
    else
      reason = 'blocked'
      redis.call('ZADD', P .. 'waiting:' .. j.key, j.place or sequence, id)
    end
  end
  redis.call('HSET', job_key(id), 'reason', reason)
  if due > NOW then redis.call('HSET', job_key(id), 'runAt', iso(due)) end
  record(id, 'accepted', 'pending', reason, nil, nil, nil, j.data)
  return reason
end
local list, raw, rejected, entry, queue, reply_to, problem = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local id, kind, resource, message = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
if redis.call('LINDEX', list, 0) ~= raw then return HEAD_CHANGED end
redis.call('LPOP', list)
redis.call('LPUSH', rejected, entry .. ',"at":"' .. AT .. '","queue":"' .. queue .. '"}')
redis.call('LTRIM', rejected, 0, 999)
if id ~= '' and redis.call('EXISTS', job_key(id)) == 0 then
  create(id, kind, resource, { 'priority', '5', 'concurrencyKey', kind .. ':' .. resource })
  finish(id, 'rejected', 'error', 'rejected', { 'message', message, 'error', problem }, problem)
end
reply(reply_to, '{"ok":false,"error":' .. problem .. '}')
return OK
"""#,
        sha1: "7798d94ae833e7db3a57be8c6935b5ba43b591c9",
        keyCount: 2
    )

    package static let release = RedisScript(
        name: "release",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local ATTEMPT_FIELDS = { 'status', 'reason', 'attempt', 'workerId', 'fence', 'revision', 'type', 'options' }
local function attempt_of(id, fence, further)
  local names = ATTEMPT_FIELDS
  if further then
    names = { unpack(ATTEMPT_FIELDS) }
    for _, name in ipairs(further) do names[#names + 1] = name end
  end
  local j = fields_of(id, names)
  if not j.status then return NOT_FOUND end
  if j.fence ~= fence then return STALE_FENCE end
  if j.status == 'done' or j.status == 'error' then return ALREADY, j end
  if j.status == 'pending' and j.reason ~= 'starting' then return ALREADY, j end
  return OK, j
end
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
"""#,
        sha1: "975ca27d71d941bd855f028a11ddf8af62e7169e",
        keyCount: 2
    )

    package static let releaseQuarantine = RedisScript(
        name: "releaseQuarantine",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local count = 0
for index = 3, #ARGV do
  count = count + redis.call('HDEL', P .. 'losses', ARGV[index])
  redis.call('HDEL', P .. 'quarantining', ARGV[index])
end
if count > 0 then announce('quarantineReleased', 'type', ARGV[1], '{"resourceId":' .. quoted(ARGV[2]) .. '}') end
return count
"""#,
        sha1: "0b3d70a1e3378f53a20d4dce16f487ef55afc573",
        keyCount: 2
    )

    package static let remove = RedisScript(
        name: "remove",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason')
if not j[1] then return NOT_FOUND end
if j[1] == 'running' or j[2] == 'starting' then return WRONG_STATE end
if j[1] == 'pending' then
  finish(id, 'cancelled', 'error', 'cancelled', {}, nil)
  j[1] = 'error'
end
forget(id, j[1])
return OK
"""#,
        sha1: "f015770013f804fe8e65c6e3497b08c8c9c17a63",
        keyCount: 2
    )

    package static let removeResource = RedisScript(
        name: "removeResource",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local kind, id, expected = ARGV[1], ARGV[2], ARGV[3]
local key = P .. 'resource:' .. kind .. ':' .. id
local version = redis.call('HGET', key, 'version')
if not version then return { NOT_FOUND, '0' } end
if expected ~= '' and expected ~= version then return { HEAD_CHANGED, version } end
redis.call('DEL', key)
redis.call('SREM', P .. 'resources', kind .. ':' .. id)
announce('resourceRemoved', 'type', kind, '{"resourceId":' .. quoted(id) .. '}')
return { OK, version }
"""#,
        sha1: "2d85c7ff8d448c518f9a8536e4756188b4af6588",
        keyCount: 2
    )

    package static let removeSchedule = RedisScript(
        name: "removeSchedule",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function schedule_key(id) return P .. 'schedule:' .. id end
local function set_next(id, tick, due)
  if tick == '' then
    redis.call('HDEL', schedule_key(id), 'next', 'due')
    redis.call('ZADD', P .. 'schedules', '+inf', id)
  else
    redis.call('HSET', schedule_key(id), 'next', tick, 'due', due)
    redis.call('ZADD', P .. 'schedules', due, id)
  end
end
if redis.call('DEL', schedule_key(ARGV[1])) == 0 then return NOT_FOUND end
redis.call('ZREM', P .. 'schedules', ARGV[1])
announce('scheduleRemoved', 'scheduleId', ARGV[1], nil)
return OK
"""#,
        sha1: "fea763f6ac11ad7ed5d6f5695b75205c8cdaaa87",
        keyCount: 2
    )

    package static let removeToken = RedisScript(
        name: "removeToken",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local id, by = ARGV[1], ARGV[2]
redis.call('SREM', P .. 'tokens', id)
if redis.call('DEL', P .. 'token:' .. id, P .. 'session:' .. id, P .. 'login:' .. id) == 0 then return NOT_FOUND end
announce('tokenRevoked', 'tokenId', id, '{"by":' .. quoted(by) .. '}')
return OK
"""#,
        sha1: "2bc73ce9f154885b0fbaf9ae664ce29fc81778f0",
        keyCount: 2
    )

    package static let renew = RedisScript(
        name: "renew",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function sign_of_life(worker, token, window)
  if window == '0' or redis.call('EXISTS', P .. 'worker:' .. worker .. ':jobs') == 0 then
    redis.call('HDEL', P .. 'renewals', worker)
    return
  end
  local exact = string.match(window, '^=(%d+)$')
  local known = not exact and string.match(redis.call('HGET', P .. 'renewals', worker) or '', '%d+$')
  if known and tonumber(known) > tonumber(window) then window = known end
  redis.call('HSET', P .. 'renewals', worker, token .. ' ' .. (exact or window))
end
local function heed_loss(worker, seen, hold_for)
  local known = redis.call('HMGET', P .. 'claims', 'fence', 'hold', 'lost')
  local fence = tonumber(known[1] or '0')
  if tonumber(seen) <= fence then return false end
  local last = known[2] and string.match(known[3] or '', '^%d+') or number(fence)
  local hold = math.max(tonumber(hold_for), tonumber(string.match(known[2] or '', '%d+$') or '0'))
  redis.call('HSET', P .. 'claims', 'fence', seen, 'lost', last .. ' ' .. seen, 'hold',
    seen .. ':' .. number(NOW_US) .. ' ' .. number(hold))
  announce('dataLost', 'workerId', worker, '{"fence":' .. last .. ',"seen":' .. seen .. '}')
  return true
end
local function was_lost(fence)
  local from, till = string.match(redis.call('HGET', P .. 'claims', 'lost') or '', '^(%d+) (%d+)$')
  return from ~= nil and tonumber(fence) > tonumber(from) and tonumber(fence) <= tonumber(till)
end
local worker = ARGV[1]
despite_full_memory()
heed_loss(worker, ARGV[4], ARGV[5])
sign_of_life(worker, ARGV[2], ARGV[3])
local function code_of(id, fence)
  local j = fields_of(id, { 'status', 'reason', 'fence' })
  if j.status == 'running' or j.status == 'pending' and j.reason == 'starting' then
    if j.fence == fence then return OK end
  end
  if j.status == 'done' or j.status == 'error' then return STALE_FENCE end
  if tonumber(j.fence or '0') < tonumber(fence) and was_lost(fence) then return NOT_FOUND end
  return STALE_FENCE
end
local codes = {}
for index = 6, #ARGV, 2 do codes[#codes + 1] = code_of(ARGV[index], ARGV[index + 1]) end
return codes
"""#,
        sha1: "6e366612ff78206bf0c2659d4170f3cd24e2b61e",
        keyCount: 2
    )

    package static let report = RedisScript(
        name: "report",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local ATTEMPT_FIELDS = { 'status', 'reason', 'attempt', 'workerId', 'fence', 'revision', 'type', 'options' }
local function attempt_of(id, fence, further)
  local names = ATTEMPT_FIELDS
  if further then
    names = { unpack(ATTEMPT_FIELDS) }
    for _, name in ipairs(further) do names[#names + 1] = name end
  end
  local j = fields_of(id, names)
  if not j.status then return NOT_FOUND end
  if j.fence ~= fence then return STALE_FENCE end
  if j.status == 'done' or j.status == 'error' then return ALREADY, j end
  if j.status == 'pending' and j.reason ~= 'starting' then return ALREADY, j end
  return OK, j
end
local id, fence, data = ARGV[1], ARGV[2], ARGV[3]
despite_full_memory()
local code, j = attempt_of(id, fence)
if code ~= OK then return code end
local key = job_key(id)
local values = { 'updatedAt', AT }
for index = 4, #ARGV, 2 do
  local value = ARGV[index + 1]
  if ARGV[index] == 'progress' then
    value = math.max(math.min(math.floor(tonumber(value)), 99), tonumber(redis.call('HGET', key, 'progress') or '0'))
  end
  values[#values + 1] = ARGV[index]
  values[#values + 1] = value
end
values[#values + 1] = 'revision'
values[#values + 1] = next_revision(j)
redis.call('HSET', key, unpack(values))
if data ~= '' then
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', 'progress', 'id', id, 'status', j.status,
    'reason', j.reason or '', 'workerId', j.workerId or '', 'attempt', j.attempt, 'fence', fence, 'data', data)
end
return OK
"""#,
        sha1: "1d3e5d02e3c5bf8739271f9e909e335508c4c02d",
        keyCount: 2
    )

    package static let restore = RedisScript(
        name: "restore",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
local function sign_of_life(worker, token, window)
  if window == '0' or redis.call('EXISTS', P .. 'worker:' .. worker .. ':jobs') == 0 then
    redis.call('HDEL', P .. 'renewals', worker)
    return
  end
  local exact = string.match(window, '^=(%d+)$')
  local known = not exact and string.match(redis.call('HGET', P .. 'renewals', worker) or '', '%d+$')
  if known and tonumber(known) > tonumber(window) then window = known end
  redis.call('HSET', P .. 'renewals', worker, token .. ' ' .. (exact or window))
end
local function heed_loss(worker, seen, hold_for)
  local known = redis.call('HMGET', P .. 'claims', 'fence', 'hold', 'lost')
  local fence = tonumber(known[1] or '0')
  if tonumber(seen) <= fence then return false end
  local last = known[2] and string.match(known[3] or '', '^%d+') or number(fence)
  local hold = math.max(tonumber(hold_for), tonumber(string.match(known[2] or '', '%d+$') or '0'))
  redis.call('HSET', P .. 'claims', 'fence', seen, 'lost', last .. ' ' .. seen, 'hold',
    seen .. ':' .. number(NOW_US) .. ' ' .. number(hold))
  announce('dataLost', 'workerId', worker, '{"fence":' .. last .. ',"seen":' .. seen .. '}')
  return true
end
local function was_lost(fence)
  local from, till = string.match(redis.call('HGET', P .. 'claims', 'lost') or '', '^(%d+) (%d+)$')
  return from ~= nil and tonumber(fence) > tonumber(from) and tonumber(fence) <= tonumber(till)
end
local id, fence, worker = ARGV[1], ARGV[2], ARGV[3]
local key = job_key(id)
despite_full_memory()
heed_loss(worker, ARGV[4], ARGV[5])
local had = fields_of(id, { 'status', 'reason', 'fence', 'workerId', 'type', 'resourceId', 'serverId', 'node', 'priority',
  'concurrencyKey', 'counted', 'revision' })
if had.status == 'running' and had.fence == fence then return ALREADY end
if had.status == 'done' or had.status == 'error' then return STALE_FENCE end
if tonumber(had.fence or '0') > tonumber(fence) then return STALE_FENCE end
if not was_lost(fence) then return had.status and STALE_FENCE or NOT_FOUND end
local function leave_lane(job, j)
  local lane = lane_of(j.type, j.node, j.serverId, j.priority)
  local queue = P .. 'queue:' .. lane
  if redis.call('LLEN', queue) <= 1000 then
    redis.call('LREM', queue, 1, job)
    if redis.call('EXISTS', queue) == 0 then drop_lane(scope_of(j.node, j.serverId), lane) end
  end
  redis.call('SREM', P .. 'paused:' .. j.type, job)
end
local function uproot()
  if had.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. had.type, id)
    redis.call('ZREM', P .. 'deadlines', id)
  end
  if had.status == 'running' or had.reason == 'starting' then
    free_claim(id, had)
  else
    leave_lane(id, had)
    redis.call('ZREM', P .. 'delayed', id)
    redis.call('ZREM', P .. 'waiting:' .. had.concurrencyKey, id)
    redis.call('ZREM', P .. 'later:' .. had.concurrencyKey, id)
  end
  for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
    redis.call('ZREM', job_key(dependency) .. ':dependents', id)
  end
  redis.call('DEL', key .. ':dependencies', key)
end
if had.status then uproot() end
local j = {}
for index = 6, #ARGV, 2 do j[ARGV[index]] = ARGV[index + 1] end
local revision = math.max(tonumber(j.revision or '0'), tonumber(had.revision or '0')) + 1
local values = {}
for index = 6, #ARGV do values[#values + 1] = ARGV[index] end
redis.call('HSET', key, unpack(values))
redis.call('HSET', key, 'id', id, 'status', 'running', 'workerId', worker, 'fence', fence, 'updatedAt', AT, 'revision',
  revision)
redis.call('SADD', P .. 'types', j.type)
local sequence = redis.call('ZSCORE', P .. 'index', id) or redis.call('INCR', P .. 'sequence')
redis.call('ZADD', P .. 'index', sequence, id)
redis.call('ZADD', P .. 'index:type:' .. j.type, sequence, id)
redis.call('ZADD', P .. 'index:resource:' .. j.type .. ':' .. j.resourceId, sequence, id)
redis.call('ZADD', P .. 'index:running', sequence, id)
for _, name in ipairs(further_indexes(j.serverId, j.labels, j.scheduleId)) do
  redis.call('ZADD', P .. name, sequence, id)
end
redis.call('SADD', P .. 'worker:' .. worker .. ':jobs', id)
if redis.call('HEXISTS', P .. 'claims', 'limited') == 1 then count_claim(id, j.type, j.serverId) end
record(id, 'restored', 'running', nil, worker, j.attempt, fence, nil)
local turn, limit = j.concurrencyKey, tonumber(j.concurrencyLimit or '1')
local kept = {}
local others = holders_of(turn)
local excess = #others + 1 - limit
for _, holder in ipairs(others) do
  local h = fields_of(holder, { 'status', 'reason', 'type', 'node', 'serverId', 'priority', 'attempt' })
  local waits = h.status == 'pending' and (h.reason == 'queued' or h.reason == 'paused')
  if holder == id then
    excess = excess - 1
  elseif waits and excess > 0 then
    excess = excess - 1
    leave_lane(holder, h)
    redis.call('ZADD', P .. 'waiting:' .. turn, redis.call('ZSCORE', P .. 'index', holder), holder)
    redis.call('HSET', job_key(holder), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HDEL', job_key(holder), 'queuedAt')
    redis.call('HINCRBY', job_key(holder), 'revision', 1)
    record(holder, 'blocked', 'pending', 'blocked', nil, h.attempt, nil, nil)
  else
    kept[#kept + 1] = holder
  end
end
take_turn(turn, kept, id)
return OK
"""#,
        sha1: "eee2c6c1b10fa2ca3794c54ab7ea15ea3389d284",
        keyCount: 2
    )

    package static let retry = RedisScript(
        name: "retry",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local LOSSES, QUARANTINE = 3, 86400000
local function losses_of(field)
  local count, till, last = string.match(redis.call('HGET', P .. 'losses', field) or '', '^(%d+) (%d+) (.*)$')
  if not count or tonumber(till) <= NOW then return 0 end
  return tonumber(count), last
end
local function quarantined(kind, resource, payload)
  local count, last = losses_of(kind .. ' ' .. redis.sha1hex(payload) .. ' ' .. resource)
  return count >= LOSSES, last
end
local function count_loss(id, is_lost)
  local j = redis.call('HMGET', job_key(id), 'type', 'resourceId', 'payload')
  local field = j[1] .. ' ' .. redis.sha1hex(j[3] or '{}') .. ' ' .. j[2]
  if not is_lost then
    redis.call('HDEL', P .. 'losses', field)
    redis.call('HDEL', P .. 'quarantining', field)
    return
  end
  local count = losses_of(field) + 1
  redis.call('HSET', P .. 'claims', 'losses', 1)
  redis.call('HSET', P .. 'losses', field, count .. ' ' .. number(NOW + QUARANTINE) .. ' ' .. id)
  if count == LOSSES then
    redis.call('HSET', P .. 'quarantining', field, '0')
    announce('quarantined', 'type', j[1], '{"resourceId":' .. quoted(j[2]) .. ',"id":' .. quoted(id) .. '}')
  end
end
local function end_quarantined(field, cursor)
  local kind, digest, resource = string.match(field, '^(%S+) (%S+) (.*)$')
  local page = redis.call('ZRANGEBYSCORE', P .. 'index:resource:' .. kind .. ':' .. resource, '(' .. cursor, '+inf',
    'WITHSCORES', 'LIMIT', 0, 100)
  for index = 1, #page, 2 do
    local j = redis.call('HMGET', job_key(page[index]), 'status', 'reason', 'payload')
    if j[1] == 'pending' and j[2] ~= 'starting' and redis.sha1hex(j[3] or '{}') == digest then
      local message = 'its payload is quarantined: ' .. LOSSES .. ' jobs in a row that had it were lost'
      finish(page[index], 'cancelled', 'error', 'cancelled',
        { 'message', message, 'error', '{"code":"quarantined","message":"' .. message .. '"}' }, nil)
    end
  end
  if #page == 200 then
    redis.call('HSET', P .. 'quarantining', field, page[200])
  else
    redis.call('HDEL', P .. 'quarantining', field)
  end
end
local function active_of(kind)
  local waiting = redis.call('ZRANGE', P .. 'index:pending:' .. kind, 0, 0)[1]
  if waiting then return waiting end
  for _, id in ipairs(redis.call('ZREVRANGE', P .. 'index:type:' .. kind, 0, 99)) do
    if redis.call('HGET', job_key(id), 'status') == 'running' then return id end
  end
end
local function create(id, kind, resource, fields)
  local values = { 'id', id, 'type', kind, 'status', 'pending', 'resourceId', resource, 'createdAt', AT,
    'updatedAt', AT, 'revision', 1 }
  local own = {}
  for index, value in ipairs(fields) do
    values[#values + 1] = value
    if index % 2 == 1 then own[value] = fields[index + 1] end
  end
  redis.call('HSET', job_key(id), unpack(values))
  local sequence = redis.call('INCR', P .. 'sequence')
  redis.call('ZADD', P .. 'index', sequence, id)
  redis.call('ZADD', P .. 'index:type:' .. kind, sequence, id)
  redis.call('ZADD', P .. 'index:resource:' .. kind .. ':' .. resource, sequence, id)
  redis.call('ZADD', P .. 'index:pending:' .. kind, sequence, id)
  for _, name in ipairs(further_indexes(own.serverId, own.labels, own.scheduleId)) do
    redis.call('ZADD', P .. name, sequence, id)
  end
  return sequence
end
local function place(id, j, sequence, due, open, turn)
  local reason
  if open then
    reason = 'blocked'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    if due > NOW then redis.call('ZADD', P .. 'delayed', due, id) end
  elseif due > NOW then
    reason = 'delayed'
    redis.call('ZADD', P .. 'later:' .. j.key, sequence, id)
    redis.call('ZADD', P .. 'delayed', due, id)
  else
    local holders = holders_of(j.key)
    if turn or turn_free(j.key, holders, j.limit) then
      if not turn then take_turn(j.key, holders, id) end
      reason = type_paused(j.kind) and 'paused' or 'queued'
      if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j.kind, id) end
      redis.call('HSET', job_key(id), 'queuedAt', AT)
      if turn ~= 'queued' then enqueue(id, j.kind, scope_of(j.node, j.server), j.priority) end
    else
      reason = 'blocked'
      redis.call('ZADD', P .. 'waiting:' .. j.key, j.place or sequence, id)
    end
  end
  redis.call('HSET', job_key(id), 'reason', reason)
  if due > NOW then redis.call('HSET', job_key(id), 'runAt', iso(due)) end
  record(id, 'accepted', 'pending', reason, nil, nil, nil, j.data)
  return reason
end
local old, id, request = ARGV[1], ARGV[2], ARGV[3]
local status = redis.call('HGET', job_key(old), 'status')
if not status then return { NOT_FOUND, '' } end
if status ~= 'done' and status ~= 'error' then return { WRONG_STATE, status } end
local latest
if request ~= '' then
  latest = redis.call('GET', P .. 'retried:' .. old .. ':' .. request)
  if latest then return { ALREADY, latest } end
else
  latest = redis.call('HGET', job_key(old), 'retriedBy')
  local living = latest and redis.call('HGET', job_key(latest), 'status')
  if living == 'pending' or living == 'running' then return { ALREADY, latest } end
end
if redis.call('EXISTS', job_key(id)) == 1 then return { ID_IN_USE, '' } end
local o = redis.call('HMGET', job_key(old), 'type', 'resourceId', 'reason')
if o[3] == 'rejected' then return { WRONG_STATE, 'rejected' } end
local busy = ARGV[5] == 'alone' and active_of(o[1])
if busy then return { CONFLICT, busy } end
local most = redis.call('HGET', P .. 'limits', 'queue:' .. o[1])
if most and redis.call('ZCARD', P .. 'index:pending:' .. o[1]) >= tonumber(most) then return { QUEUE_FULL, most } end
local names = { 'title', 'description', 'node', 'serverId', 'priority', 'payload', 'organizationId', 'memberId',
  'labels', 'concurrencyKey', 'concurrencyLimit', 'maxAttempts', 'startDeadline', 'options', 'notify' }
local values = redis.call('HMGET', job_key(old), unpack(names))
local harmful, lost = quarantined(o[1], o[2], values[6] or '{}')
if harmful then return { QUARANTINED, lost } end
local fields, j = { 'retryOf', old }, {}
for index, name in ipairs(names) do
  if values[index] then
    fields[#fields + 1] = name
    fields[#fields + 1] = values[index]
    j[name] = values[index]
  end
end
if ARGV[4] ~= '' then
  fields[#fields + 1] = 'requestId'
  fields[#fields + 1] = ARGV[4]
end
local sequence = create(id, o[1], o[2], fields)
redis.call('HSET', job_key(old), 'retriedBy', id)
if j.startDeadline then redis.call('ZADD', P .. 'deadlines', number(NOW + j.startDeadline), id) end
if request ~= '' then redis.call('SET', P .. 'retried:' .. old .. ':' .. request, id, 'EX', 86400) end
place(id, { kind = o[1], node = j.node, server = j.serverId, priority = j.priority, key = j.concurrencyKey,
  limit = tonumber(j.concurrencyLimit or '1') }, sequence, 0, false, nil)
return { OK, id }
"""#,
        sha1: "062c2bcc2b7a36283419705b3f991e6de3840579",
        keyCount: 2
    )

    package static let serve = RedisScript(
        name: "serve",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local function know_types(first, count)
  local all_paused = redis.call('SISMEMBER', P .. 'paused', '*') == 1
  for index = first, first + count - 1 do
    if redis.call('SADD', P .. 'types', ARGV[index]) == 1 and all_paused then
      redis.call('SADD', P .. 'paused', ARGV[index])
      announce('paused', 'type', ARGV[index], nil)
    end
  end
end
local key, count = P .. 'worker:' .. ARGV[1], tonumber(ARGV[2])
know_types(3, count)
if redis.call('HEXISTS', key, 'state') == 0 then return NOT_FOUND end
local values = {}
for index = 3 + count, #ARGV do values[#values + 1] = ARGV[index] end
redis.call('HSET', key, unpack(values))
return OK
"""#,
        sha1: "52f1759c8899ce485da49d96aeee1a47cc2d7fa5",
        keyCount: 2
    )

    package static let started = RedisScript(
        name: "started",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local ATTEMPT_FIELDS = { 'status', 'reason', 'attempt', 'workerId', 'fence', 'revision', 'type', 'options' }
local function attempt_of(id, fence, further)
  local names = ATTEMPT_FIELDS
  if further then
    names = { unpack(ATTEMPT_FIELDS) }
    for _, name in ipairs(further) do names[#names + 1] = name end
  end
  local j = fields_of(id, names)
  if not j.status then return NOT_FOUND end
  if j.fence ~= fence then return STALE_FENCE end
  if j.status == 'done' or j.status == 'error' then return ALREADY, j end
  if j.status == 'pending' and j.reason ~= 'starting' then return ALREADY, j end
  return OK, j
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local id, fence = ARGV[1], ARGV[2]
despite_full_memory()
local code, j = attempt_of(id, fence, { 'updatedAt' })
if code ~= OK then return code end
if j.status == 'running' then return ALREADY end
local fields = { 'pid', ARGV[3], 'pidStartTime', ARGV[4], 'logPath', ARGV[5] }
if ARGV[6] > j.updatedAt and ARGV[6] < AT then
  fields[#fields + 1] = 'startedAt'
  fields[#fields + 1] = ARGV[6]
end
begin(id, j, fields, '{"pid":' .. ARGV[3] .. '}')
return OK
"""#,
        sha1: "9c1f44c9f136473f01ac0f7f2d84b61308384e7a",
        keyCount: 2
    )

    package static let stopWorker = RedisScript(
        name: "stopWorker",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local key = P .. 'worker:' .. ARGV[1]
local state = redis.call('HGET', key, 'state')
if not state then return NOT_FOUND end
if state == 'stopped' or state == 'detached' then return ALREADY end
redis.call('HSET', key, 'stopMode', ARGV[2])
local wake = P .. 'wake:worker:' .. ARGV[1]
if redis.call('EXISTS', wake) == 0 then redis.call('LPUSH', wake, '1') end
announce('stopRequested', 'workerId', ARGV[1], '{"mode":"' .. ARGV[2] .. '"}')
return OK
"""#,
        sha1: "3e4ebae3cdc46549dc96cebbef84dde40c6825a2",
        keyCount: 2
    )

    package static let takeNotifications = RedisScript(
        name: "takeNotifications",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local taken = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'notify', '-inf', NOW, 'LIMIT', 0, 20)) do
  redis.call('ZADD', P .. 'notify', number(NOW + tonumber(ARGV[1])), name)
  taken[#taken + 1] = { name, redis.call('HINCRBY', P .. 'notify:tries', name, 1) }
end
return taken
"""#,
        sha1: "68084fe3564eca569ec1631a4584688b43f2eff2",
        keyCount: 2
    )

    package static let tick = RedisScript(
        name: "tick",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
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
local settle_dependents
local FINISH_FIELDS = { 'type', 'concurrencyKey', 'workerId', 'attempt', 'fence', 'status', 'node', 'serverId',
  'priority', 'reason', 'revision', 'options', 'counted', 'notify' }
finish = function(id, event, status, reason, fields, data, j)
  local key = job_key(id)
  j = j or fields_of(id, FINISH_FIELDS)
  local values = { 'status', status, 'completedAt', AT, 'updatedAt', AT, 'revision', next_revision(j) }
  if reason then
    values[#values + 1] = 'reason'
    values[#values + 1] = reason
  end
  for _, value in ipairs(fields) do values[#values + 1] = value end
  redis.call('HSET', key, unpack(values))
  local gone = { 'pid', 'pidStartTime', 'remotePid', 'runAt' }
  if not reason then
    gone[#gone + 1] = 'reason'
    gone[#gone + 1] = 'supersededBy'
  end
  redis.call('HDEL', key, unpack(gone))
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  if j.status == 'running' then
    redis.call('ZREM', P .. 'index:running', id)
  else
    redis.call('ZREM', P .. 'index:pending:' .. j.type, id)
    if j.reason == 'queued' or j.reason == 'paused' then
      local lane = lane_of(j.type, j.node, j.serverId, j.priority)
      local length = redis.call('LLEN', P .. 'queue:' .. lane)
      if length <= 1000 and redis.call('LREM', P .. 'queue:' .. lane, 1, id) == 1 and length == 1 then
        drop_lane(scope_of(j.node, j.serverId), lane)
      end
      if j.reason == 'paused' then redis.call('SREM', P .. 'paused:' .. j.type, id) end
    else
      redis.call('ZREM', P .. 'delayed', id)
      redis.call('ZREM', P .. 'waiting:' .. j.concurrencyKey, id)
      redis.call('ZREM', P .. 'later:' .. j.concurrencyKey, id)
    end
    if has_start_deadline(j) then redis.call('ZREM', P .. 'deadlines', id) end
    for _, dependency in ipairs(redis.call('SMEMBERS', key .. ':dependencies')) do
      redis.call('ZREM', job_key(dependency) .. ':dependents', id)
    end
    redis.call('DEL', key .. ':dependencies')
  end
  redis.call('ZADD', P .. 'index:' .. status, sequence, id)
  if j.status == 'running' or j.reason == 'starting' then free_claim(id, j) end
  record(id, event, status, reason, j.workerId, j.attempt, j.fence, data)
  for index = 1, #(j.notify or '') do
    local mark = string.sub(j.notify, index, index)
    if mark == 'b' or mark == string.sub(status, 1, 1) then
      redis.call('ZADD', P .. 'notify', NOW, id .. ':' .. (index - 1))
    end
  end
  free_turn(j.concurrencyKey, id)
  settle_dependents(id, status)
end
local function skip(id, dependency)
  finish(id, 'skipped', 'error', 'skipped',
    { 'message', 'a job it depends on ended in error: ' .. dependency, 'causedBy', dependency },
    '{"dependency":' .. quoted(dependency) .. '}')
end
local budget = 100
settle_dependents = function(id, status)
  local dependents = job_key(id) .. ':dependents'
  local open_ones = redis.call('ZRANGE', dependents, 0, budget)
  if #open_ones == 0 then return end
  for _, dependent in ipairs(open_ones) do
    if budget <= 0 then break end
    budget = budget - 1
    redis.call('ZREM', dependents, dependent)
    local key = job_key(dependent)
    local open = key .. ':dependencies'
    if redis.call('SREM', open, id) == 1 then
      if status == 'error' then
        skip(dependent, id)
      elseif redis.call('EXISTS', open) == 0 then
        if redis.call('ZSCORE', P .. 'delayed', dependent) then
          redis.call('HSET', key, 'reason', 'delayed', 'updatedAt', AT)
          redis.call('HINCRBY', key, 'revision', 1)
          record(dependent, 'delayed', 'pending', 'delayed', nil, nil, nil, nil)
        else
          come_due(dependent)
        end
      end
    end
  end
  if redis.call('EXISTS', dependents) == 1 then redis.call('HSET', P .. 'settling', id, status) end
end
finish_superseded = function(id, newer)
  finish(id, 'superseded', 'error', 'superseded', { 'supersededBy', newer, 'message', 'superseded by ' .. newer },
    '{"supersededBy":' .. quoted(newer) .. '}')
end
local looks = 100
local function end_line(key, id, sequence, seen, last)
  local waiting, later, first = P .. 'waiting:' .. key, P .. 'later:' .. key, nil
  local function end_older(older)
    looks = looks - 1
    if older == id or tonumber(redis.call('ZSCORE', P .. 'index', older)) >= tonumber(sequence) then return false end
    if redis.call('HGET', job_key(older), 'status') ~= 'pending' then return false end
    finish_superseded(older, id)
    return true
  end
  local most = looks
  local line = most > 0 and redis.call('ZRANGEBYSCORE', waiting, '(' .. seen, last, 'WITHSCORES', 'LIMIT', 0, most) or {}
  for index = 1, #line, 2 do
    seen = line[index + 1]
    if end_older(line[index]) then first = first or seen end
  end
  local is_over = most > 0 and #line < 2 * most
  if is_over and looks > 0 then
    for _, older in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', '(' .. sequence, 'LIMIT', 0, looks)) do
      end_older(older)
    end
  end
  if is_over and redis.call('ZCOUNT', later, '-inf', '(' .. sequence) == 0 then
    redis.call('HDEL', P .. 'superseding', key)
  else
    redis.call('HSET', P .. 'superseding', key, table.concat({ id, sequence, last, seen }, ' '))
  end
  return first
end
supersede = function(id, j, running)
  local sequence = redis.call('ZSCORE', P .. 'index', id)
  local first = end_line(j.key, id, sequence, '0', redis.call('GET', P .. 'sequence'))
  local turn
  for _, holder in ipairs(holders_of(j.key)) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason', 'type', 'node', 'serverId', 'priority',
      'workerId')
    if tonumber(redis.call('ZSCORE', P .. 'index', holder)) >= tonumber(sequence) then
    elseif h[1] == 'pending' and h[2] ~= 'starting' then
      local holders = holders_of(j.key)
      if not turn and #holders <= j.limit then
        turn = 'held'
        for index, other in ipairs(holders) do
          if other == holder then holders[index] = id end
        end
        redis.call('HSET', P .. 'turns', j.key, table.concat(holders, ' '))
        local lane = lane_of(j.kind, j.node, j.server, j.priority)
        if lane_of(h[3], h[4], h[5], h[6]) == lane then
          local queue = P .. 'queue:' .. lane
          local position = redis.call('LPOS', queue, holder, 'MAXLEN', 1000)
          if position then
            redis.call('LSET', queue, position, id)
            turn = 'queued'
          end
        end
      end
      finish_superseded(holder, id)
    elseif running and (h[1] == 'running' or h[2] == 'starting') and redis.call('HEXISTS', P .. 'worker:' .. h[7] .. ':kills', holder) == 0 then
      redis.call('HSET', job_key(holder), 'supersededBy', id)
      request_kill(holder, h[7], nil, nil, quoted(id), quoted('superseded by ' .. id))
    end
  end
  return turn, first
end
local LOSSES, QUARANTINE = 3, 86400000
local function losses_of(field)
  local count, till, last = string.match(redis.call('HGET', P .. 'losses', field) or '', '^(%d+) (%d+) (.*)$')
  if not count or tonumber(till) <= NOW then return 0 end
  return tonumber(count), last
end
local function quarantined(kind, resource, payload)
  local count, last = losses_of(kind .. ' ' .. redis.sha1hex(payload) .. ' ' .. resource)
  return count >= LOSSES, last
end
local function count_loss(id, is_lost)
  local j = redis.call('HMGET', job_key(id), 'type', 'resourceId', 'payload')
  local field = j[1] .. ' ' .. redis.sha1hex(j[3] or '{}') .. ' ' .. j[2]
  if not is_lost then
    redis.call('HDEL', P .. 'losses', field)
    redis.call('HDEL', P .. 'quarantining', field)
    return
  end
  local count = losses_of(field) + 1
  redis.call('HSET', P .. 'claims', 'losses', 1)
  redis.call('HSET', P .. 'losses', field, count .. ' ' .. number(NOW + QUARANTINE) .. ' ' .. id)
  if count == LOSSES then
    redis.call('HSET', P .. 'quarantining', field, '0')
    announce('quarantined', 'type', j[1], '{"resourceId":' .. quoted(j[2]) .. ',"id":' .. quoted(id) .. '}')
  end
end
local function end_quarantined(field, cursor)
  local kind, digest, resource = string.match(field, '^(%S+) (%S+) (.*)$')
  local page = redis.call('ZRANGEBYSCORE', P .. 'index:resource:' .. kind .. ':' .. resource, '(' .. cursor, '+inf',
    'WITHSCORES', 'LIMIT', 0, 100)
  for index = 1, #page, 2 do
    local j = redis.call('HMGET', job_key(page[index]), 'status', 'reason', 'payload')
    if j[1] == 'pending' and j[2] ~= 'starting' and redis.sha1hex(j[3] or '{}') == digest then
      local message = 'its payload is quarantined: ' .. LOSSES .. ' jobs in a row that had it were lost'
      finish(page[index], 'cancelled', 'error', 'cancelled',
        { 'message', message, 'error', '{"code":"quarantined","message":"' .. message .. '"}' }, nil)
    end
  end
  if #page == 200 then
    redis.call('HSET', P .. 'quarantining', field, page[200])
  else
    redis.call('HDEL', P .. 'quarantining', field)
  end
end
local function drop_log(id)
  local bytes = tonumber(redis.call('HGET', P .. 'logs:bytes', id) or '0')
  redis.call('DEL', job_key(id) .. ':log')
  redis.call('HDEL', P .. 'logs:bytes', id)
  redis.call('ZREM', P .. 'logs:ended', id)
  if bytes > 0 then redis.call('HINCRBY', P .. 'logs:bytes', '', -bytes) end
end
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
local function sign_of_life(worker, token, window)
  if window == '0' or redis.call('EXISTS', P .. 'worker:' .. worker .. ':jobs') == 0 then
    redis.call('HDEL', P .. 'renewals', worker)
    return
  end
  local exact = string.match(window, '^=(%d+)$')
  local known = not exact and string.match(redis.call('HGET', P .. 'renewals', worker) or '', '%d+$')
  if known and tonumber(known) > tonumber(window) then window = known end
  redis.call('HSET', P .. 'renewals', worker, token .. ' ' .. (exact or window))
end
local function heed_loss(worker, seen, hold_for)
  local known = redis.call('HMGET', P .. 'claims', 'fence', 'hold', 'lost')
  local fence = tonumber(known[1] or '0')
  if tonumber(seen) <= fence then return false end
  local last = known[2] and string.match(known[3] or '', '^%d+') or number(fence)
  local hold = math.max(tonumber(hold_for), tonumber(string.match(known[2] or '', '%d+$') or '0'))
  redis.call('HSET', P .. 'claims', 'fence', seen, 'lost', last .. ' ' .. seen, 'hold',
    seen .. ':' .. number(NOW_US) .. ' ' .. number(hold))
  announce('dataLost', 'workerId', worker, '{"fence":' .. last .. ',"seen":' .. seen .. '}')
  return true
end
local function was_lost(fence)
  local from, till = string.match(redis.call('HGET', P .. 'claims', 'lost') or '', '^(%d+) (%d+)$')
  return from ~= nil and tonumber(fence) > tonumber(from) and tonumber(fence) <= tonumber(till)
end
local process, can_listen, worker = ARGV[1], ARGV[2] == '1', ARGV[3]
despite_full_memory()
local listener = 0
if can_listen then
  local holder = redis.call('GET', P .. 'role:listener')
  if not holder or holder == process then
    redis.call('SET', P .. 'role:listener', process, 'PX', 3000)
    listener = 1
  end
end
local kills, removed, logs, stop, unknown = {}, {}, {}, '', 0
if worker ~= '' then
  local key = P .. 'worker:' .. worker
  heed_loss(worker, ARGV[6], ARGV[7])
  sign_of_life(worker, ARGV[4], ARGV[5])
  local values = { 'heartbeatAt', AT }
  for index = 8, #ARGV do values[#values + 1] = ARGV[index] end
  local w = redis.call('HMGET', key, 'stopMode', 'state')
  if w[2] then
    redis.call('HSET', key, unpack(values))
    redis.call('SADD', P .. 'workers', worker)
  else
    unknown = 1
  end
  kills = redis.call('HGETALL', key .. ':kills')
  removed = redis.call('SRANDMEMBER', key .. ':removed', 100)
  logs = redis.call('SRANDMEMBER', key .. ':logs', 10)
  stop = w[1] or ''
  if w[2] == 'unreachable' then
    redis.call('HSET', key, 'state', stop == 'drain' and 'draining' or 'running')
    announce('reachable', 'workerId', worker, nil)
  end
end
local due = redis.call('ZRANGEBYSCORE', P .. 'delayed', '-inf', NOW, 'LIMIT', 0, 100)
for _, id in ipairs(due) do
  if redis.call('EXISTS', job_key(id) .. ':dependencies') == 1 then
    redis.call('ZREM', P .. 'delayed', id)
  elseif redis.call('ZSCORE', P .. 'delayed', id) then
    come_due(id)
  end
end
local late = redis.call('ZRANGEBYSCORE', P .. 'deadlines', '-inf', NOW, 'LIMIT', 0, 100)
for _, id in ipairs(late) do
  local j = redis.call('HMGET', job_key(id), 'status', 'reason')
  if j[1] == 'pending' and j[2] == 'starting' then
    redis.call('ZADD', P .. 'deadlines', NOW + 1000, id)
  elseif j[1] ~= 'pending' then
    redis.call('ZREM', P .. 'deadlines', id)
  else
    finish(id, 'expired', 'error', 'expired', { 'message', 'it waited longer than its startDeadline' }, nil)
  end
end
local settling = redis.call('HRANDFIELD', P .. 'settling', 20, 'WITHVALUES')
for index = 1, #settling, 2 do
  redis.call('HDEL', P .. 'settling', settling[index])
  settle_dependents(settling[index], settling[index + 1])
end
local superseding = redis.call('HRANDFIELD', P .. 'superseding', 1, 'WITHVALUES')
if superseding[1] then
  local newer, sequence, last, seen = string.match(superseding[2], '^(%S+) (%S+) (%S+) (%S+)$')
  end_line(superseding[1], newer, sequence, seen, last)
  give_turns(superseding[1])
end
local giving = redis.call('SPOP', P .. 'giving')
if giving then give_turns(giving) end
local quarantining = redis.call('HRANDFIELD', P .. 'quarantining', 1, 'WITHVALUES')
if quarantining[1] then end_quarantined(quarantining[1], quarantining[2]) end
local losses = redis.call('HRANDFIELD', P .. 'losses', 20, 'WITHVALUES')
for index = 1, #losses, 2 do
  if tonumber(string.match(losses[index + 1], '^%d+ (%d+)')) <= NOW then redis.call('HDEL', P .. 'losses', losses[index]) end
end
if #losses > 0 and redis.call('EXISTS', P .. 'losses') == 0 then redis.call('HDEL', P .. 'claims', 'losses') end
for _, kind in ipairs(redis.call('ZRANGEBYSCORE', P .. 'rated', '-inf', NOW, 'LIMIT', 0, 100)) do
  redis.call('ZREM', P .. 'rated', kind)
  wake_lanes(function(other) return other == kind end)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'logs:ended', '-inf', NOW, 'LIMIT', 0, 20)) do drop_log(id) end
if listener == 1 then
  for _, id in ipairs(redis.call('SRANDMEMBER', P .. 'workers', 100)) do
    local key = P .. 'worker:' .. id
    local w = redis.call('HMGET', key, 'state', 'heartbeatAt')
    if not w[1] then
      redis.call('SREM', P .. 'workers', id)
    elseif (w[1] == 'running' or w[1] == 'draining') and w[2] and w[2] < iso(NOW - 10000) then
      redis.call('HSET', key, 'state', 'unreachable')
      announce('unreachable', 'workerId', id, nil)
    end
  end
end
local inboxes = {}
for _, kind in ipairs(redis.call('SMEMBERS', P .. 'types')) do
  if redis.call('EXISTS', P .. 'inbox:' .. kind) == 1 then inboxes[#inboxes + 1] = kind end
end
local left = redis.call('EXISTS', P .. 'settling', P .. 'superseding', P .. 'giving', P .. 'quarantining')
local more = (#due == 100 or #late == 100 or left > 0) and 1 or 0
local claims = redis.call('HMGET', P .. 'claims', 'fence', 'hold')
local watches = worker ~= '' and (listener == 1 or redis.call('HLEN', P .. 'renewals') <= 50)
local due_until = listener == 1 and NOW or NOW - 5000
local schedules = redis.call('ZRANGEBYSCORE', P .. 'schedules', '-inf', due_until, 'LIMIT', 0, 100)
local notify = #redis.call('ZRANGEBYSCORE', P .. 'notify', '-inf', NOW, 'LIMIT', 0, 1)
return { listener, more, redis.call('LLEN', P .. 'control'), inboxes, kills, removed, stop, unknown, claims[1] or '0',
  watches and redis.call('HGETALL', P .. 'renewals') or {}, claims[2] or '', schedules, notify, logs }
"""#,
        sha1: "0d8b15f1cd5a06619d36162d5fc11deb74b37827",
        keyCount: 2
    )

    package static let useToken = RedisScript(
        name: "useToken",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local key = P .. 'token:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return NOT_FOUND end
redis.call('HSET', key, 'lastUsedAt', AT)
return OK
"""#,
        sha1: "b60e63273c1015dd15355c4289ca249def5b9710",
        keyCount: 2
    )

    package static let waiting = RedisScript(
        name: "waiting",
        source: #"""
local P = string.sub(KEYS[1], 1, -5)
if KEYS[2] and redis.call('LINDEX', KEYS[2], 0) ~= table.remove(ARGV) then
  return redis.error_reply('TAKEN the command was carried out by another process')
end
local OK, NOT_FOUND, WRONG_STATE, STALE_FENCE, ALREADY, ID_IN_USE, HEAD_CHANGED, CONFLICT, UNKNOWN_DEPENDENCY,
  QUEUE_FULL, QUARANTINED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_US = clock[1] * 1000000 + clock[2]
local function number(value)
  return string.format('%.0f', value)
end
local function iso(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, doy - math.floor((153 * mp + 2) / 5) + 1,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms % 1000)
end
local AT = iso(NOW)
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end
local function job_key(id) return P .. 'job:' .. id end
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end
local function record(id, event, status, reason, worker, attempt, fence, data)
  local history = job_key(id) .. ':history'
  local length = redis.call('RPUSH', history, '{"at":"' .. AT .. '","event":"' .. event .. '","status":"' .. status
    .. '","reason":' .. quoted(reason) .. ',"workerId":' .. quoted(worker) .. ',"attempt":' .. (attempt or 'null')
    .. ',"fence":' .. (fence or 'null') .. ',"data":' .. (data or 'null') .. '}')
  if length > 1000 then redis.call('LTRIM', history, -1000, -1) end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', 'at', AT, 'event', event, 'id', id, 'status', status,
    'reason', reason or '', 'workerId', worker or '', 'attempt', attempt or '', 'fence', fence or '',
    'data', data or '')
end
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
local finish, finish_superseded, supersede
local function scope_of(node, server)
  return (node and '@' .. node or '') .. (server and '!' .. server or '')
end
local function lane_of(kind, node, server, priority)
  return kind .. scope_of(node, server) .. (priority == '5' and '' or ':p' .. priority)
end
local function parts(name) return string.match(name, '^([^@!:]+)([^:]*):?p?(.*)$') end
local function further_indexes(server, labels, schedule)
  local names = {}
  if server then names[#names + 1] = 'index:server:' .. server end
  if schedule then names[#names + 1] = 'index:schedule:' .. schedule end
  local read, pairs_of = pcall(cjson.decode, labels or '{}')
  for name, value in pairs(read and type(pairs_of) == 'table' and pairs_of or {}) do
    names[#names + 1] = 'index:label:' .. tostring(name) .. '=' .. tostring(value)
  end
  return names
end
local function drop_lane(scope, name)
  redis.call('ZREM', P .. 'lanes' .. scope, name)
  redis.call('ZREM', P .. 'lanes:unserved', name)
end
local function wake(name)
  local key = P .. 'wake:' .. name
  if redis.call('EXISTS', key) == 0 then redis.call('LPUSH', key, '1') end
end
local function wake_lanes(fits)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'lanes:unserved', 0, 999)) do
    local kind, scope = parts(name)
    if fits(kind, scope) then wake(kind .. scope) end
  end
end
local function enqueue(id, kind, scope, priority, front)
  local name = kind .. scope .. (priority == '5' and '' or ':p' .. priority)
  local length = redis.call(front and 'LPUSH' or 'RPUSH', P .. 'queue:' .. name, id)
  if length == 1 then
    local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
    redis.call('ZADD', P .. 'lanes' .. scope, number(tonumber(priority) * 1e12 + served), name)
    redis.call('ZADD', P .. 'lanes:unserved', number(NOW), name)
  end
  wake(kind .. scope)
end
local function type_paused(kind)
  return redis.call('SISMEMBER', P .. 'paused', kind) == 1
end
local function stand_in_queue(id, event, placed)
  local j = redis.call('HMGET', job_key(id), 'type', 'node', 'serverId', 'priority', 'attempt')
  local reason = type_paused(j[1]) and 'paused' or 'queued'
  if reason == 'paused' then redis.call('SADD', P .. 'paused:' .. j[1], id) end
  redis.call('HSET', job_key(id), 'reason', reason, 'queuedAt', AT, 'updatedAt', AT)
  redis.call('HINCRBY', job_key(id), 'revision', 1)
  record(id, event, 'pending', reason, nil, j[5], nil, nil)
  if not placed then enqueue(id, j[1], scope_of(j[2], j[3]), j[4]) end
end
local function holders_of(key)
  local held = redis.call('HGET', P .. 'turns', key)
  local holders = {}
  if held then
    for id in string.gmatch(held, '%S+') do holders[#holders + 1] = id end
  end
  return holders
end
local function take_turn(key, holders, id)
  holders[#holders + 1] = id
  redis.call('HSET', P .. 'turns', key, table.concat(holders, ' '))
end
local limits_of = {}
local function limit_of(id)
  local limit = limits_of[id] or tonumber(redis.call('HGET', job_key(id), 'concurrencyLimit') or '1')
  limits_of[id] = limit
  return limit
end
local function has_room(holders, limit)
  if #holders >= limit then return false end
  for _, holder in ipairs(holders) do
    if #holders >= limit_of(holder) then return false end
  end
  return true
end
local function turn_free(key, holders, limit)
  return has_room(holders, limit) and redis.call('EXISTS', P .. 'waiting:' .. key) == 0
end
local function superseder_of(key, id)
  local entry = redis.call('HGET', P .. 'superseding', key)
  if not entry then return end
  local newer, sequence = string.match(entry, '^(%S+) (%S+)')
  if tonumber(redis.call('ZSCORE', P .. 'index', id)) < tonumber(sequence) then return newer end
end
local gifts = 100
local function give_turns(key)
  local waiting = P .. 'waiting:' .. key
  while true do
    local id = redis.call('ZRANGE', waiting, 0, 0)[1]
    if not id then return end
    local holders = holders_of(key)
    if not has_room(holders, limit_of(id)) then return end
    if gifts == 0 then
      redis.call('SADD', P .. 'giving', key)
      return
    end
    gifts = gifts - 1
    local newer = superseder_of(key, id)
    if newer then
      finish_superseded(id, newer)
    else
      redis.call('ZREM', waiting, id)
      take_turn(key, holders, id)
      stand_in_queue(id, 'queued')
    end
  end
end
local function free_turn(key, id)
  local kept, found = {}, false
  for _, holder in ipairs(holders_of(key)) do
    if holder == id then found = true else kept[#kept + 1] = holder end
  end
  if not found then return end
  if #kept == 0 then
    redis.call('HDEL', P .. 'turns', key)
  else
    redis.call('HSET', P .. 'turns', key, table.concat(kept, ' '))
  end
  give_turns(key)
end
local function come_due(id)
  redis.call('ZREM', P .. 'delayed', id)
  local h = redis.call('HMGET', job_key(id), 'reason', 'concurrencyKey', 'concurrencyLimit', 'attempt', 'onConflict',
    'type', 'node', 'serverId', 'priority')
  if h[1] == 'retrying' then
    stand_in_queue(id, 'queued')
    return
  end
  local j = { key = h[2], limit = tonumber(h[3] or '1'), kind = h[6], node = h[7], server = h[8], priority = h[9] }
  local newer = superseder_of(j.key, id)
  if newer then
    finish_superseded(id, newer)
    return
  end
  redis.call('ZREM', P .. 'later:' .. j.key, id)
  local turn, place
  if h[5] then turn, place = supersede(id, j, h[5] == 'supersedeRunning') end
  local holders = holders_of(j.key)
  if turn or turn_free(j.key, holders, j.limit) then
    if not turn then take_turn(j.key, holders, id) end
    stand_in_queue(id, 'queued', turn == 'queued')
    return
  end
  if h[1] == 'blocked' then
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('ZSCORE', P .. 'index', id), id)
  else
    redis.call('ZADD', P .. 'waiting:' .. j.key, place or redis.call('INCR', P .. 'sequence'), id)
    redis.call('HSET', job_key(id), 'reason', 'blocked', 'updatedAt', AT)
    redis.call('HINCRBY', job_key(id), 'revision', 1)
    record(id, 'blocked', 'pending', 'blocked', nil, h[4], nil, nil)
  end
  if place then give_turns(j.key) end
end
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end
local function free_claim(id, j)
  redis.call('SREM', P .. 'worker:' .. j.workerId .. ':jobs', id)
  if j.was_killed ~= false then redis.call('HDEL', P .. 'worker:' .. j.workerId .. ':kills', id) end
  if not j.counted then return end
  local kind, server = j.type, j.serverId
  redis.call('SREM', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claimed:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
local id = ARGV[1]
local j = redis.call('HMGET', job_key(id), 'status', 'reason', 'type', 'resourceId', 'node', 'serverId', 'priority',
  'concurrencyKey', 'concurrencyLimit', 'runAt')
local kind, resource, node, server, turn = j[3], j[4], j[5], j[6], j[8]
if j[1] ~= 'pending' or j[2] == 'starting' or not kind or not resource or not turn or not j[7] then return {} end
local function milliseconds(text)
  local parts = { string.match(text or '', '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)%.(%d+)Z$') }
  if #parts < 7 then return nil end
  for index = 1, 7 do parts[index] = tonumber(parts[index]) end
  local year, month = parts[1], parts[2]
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local yoe = year - era * 400
  local doy = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + parts[3] - 1
  local days = era * 146097 + yoe * 365 + math.floor(yoe / 4) - math.floor(yoe / 100) + doy - 719468
  return ((days * 24 + parts[4]) * 60 + parts[5]) * 60000 + parts[6] * 1000 + parts[7]
end
local function usual(of_kind, of_resource, before)
  local newest = redis.call('ZSCORE', P .. 'index', before)
  if not newest then return nil end
  local sums, counts = { done = 0, error = 0 }, { done = 0, error = 0 }
  local older = redis.call('ZREVRANGEBYSCORE', P .. 'index:resource:' .. of_kind .. ':' .. of_resource, '(' .. newest,
    '-inf', 'LIMIT', 0, 10)
  for _, other in ipairs(older) do
    local h = redis.call('HMGET', job_key(other), 'status', 'startedAt', 'completedAt')
    local from, to = milliseconds(h[2]), milliseconds(h[3])
    if from and to and to >= from and sums[h[1]] then
      sums[h[1]] = sums[h[1]] + to - from
      counts[h[1]] = counts[h[1]] + 1
    end
  end
  if counts.done > 0 then return sums.done / counts.done end
  if counts.error > 0 then return sums.error / counts.error end
end
local function ending(other, mean)
  local h = redis.call('HMGET', job_key(other), 'status', 'reason', 'type', 'resourceId', 'startedAt')
  if not (h[1] == 'running' or h[2] == 'starting') or not h[3] or not h[4] then return nil end
  local length = usual(h[3], h[4], other) or mean
  if not length then return nil end
  return math.max(NOW, (milliseconds(h[5]) or NOW) + length)
end
local function answer(word, position, subject, start, blockers)
  local values = { word, position and number(position) or '', subject or '', start and number(start) or '' }
  for _, blocker in ipairs(blockers or {}) do values[#values + 1] = blocker end
  return values
end
if j[2] == 'delayed' or j[2] == 'retrying' then
  return answer(j[2], nil, j[10], math.max(NOW, milliseconds(j[10]) or NOW))
end
if j[2] == 'blocked' then
  local open = redis.call('SRANDMEMBER', job_key(id) .. ':dependencies', 100)
  table.sort(open)
  if #open > 0 then
    local start
    for _, dependency in ipairs(open) do
      local own = ending(dependency, nil)
      start = own and math.max(start or own, own)
      if not own then break end
    end
    return answer('dependency', nil, nil, start, open)
  end
  local holders = holders_of(turn)
  local before = redis.call('ZRANK', P .. 'waiting:' .. turn, id)
  if not before then return answer('key', nil, turn, nil, holders) end
  local mean = usual(kind, resource, holders[1] or id)
  local rank, first, unknown = before, nil, false
  for _, holder in ipairs(holders) do
    local h = redis.call('HMGET', job_key(holder), 'status', 'reason')
    if h[1] == 'pending' and h[2] ~= 'starting' then before = before + 1 end
    local own = ending(holder, mean)
    if own then first = math.min(first or own, own) else unknown = true end
  end
  local start
  if first and mean and not unknown then
    start = first + math.floor(rank / math.max(1, tonumber(j[9] or '1'))) * mean
  end
  return answer('key', before + 1, turn, start, holders)
end
local function before_in_queue()
  local count = 0
  for priority = 0, tonumber(j[7]) - 1 do
    count = count + redis.call('LLEN', P .. 'queue:' .. lane_of(kind, node, server, number(priority)))
  end
  local queue = P .. 'queue:' .. lane_of(kind, node, server, j[7])
  local place = redis.call('LPOS', queue, id, 'MAXLEN', 10000)
  if not place then
    local length = redis.call('LLEN', queue)
    if length <= 10000 then return nil end
    place = math.min(length - 1, math.max(10000, redis.call('ZRANK', P .. 'index:pending:' .. kind, id) or 0))
  end
  return count + place
end
local function lists(names, name) return string.find(',' .. (names or '') .. ',', ',' .. name .. ',', 1, true) ~= nil end
local before = before_in_queue()
local position = before and before + 1
if type_paused(kind) then return answer('paused', position, kind) end
local workers, slots, busy, typed, placed = {}, 0, 0, false, false
for _, worker in ipairs(redis.call('SRANDMEMBER', P .. 'workers', 100)) do
  local w = redis.call('HMGET', P .. 'worker:' .. worker, 'state', 'types', 'node', 'servers', 'slots')
  if w[1] == 'running' and lists(w[2], kind) then
    typed = true
    if not node or w[3] == node then
      placed = true
      if not server or lists(w[4], server) then
        workers[#workers + 1] = worker
        slots = slots + (tonumber(w[5] or '') or 1)
        busy = busy + redis.call('SCARD', P .. 'worker:' .. worker .. ':jobs')
      end
    end
  end
end
if not typed then return answer('noWorker', position, kind) end
if not placed then return answer('noNode', position, node) end
if #workers == 0 then return answer('noServer', position, server) end
local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''), 'rate:' .. kind)
local running = limits[1] and redis.call('SCARD', P .. 'claimed:type:' .. kind)
if running and running >= tonumber(limits[1]) then
  return answer('limit', position, running .. ' jobs of the type ' .. kind .. ' run, its limit is ' .. limits[1])
end
running = server and limits[2] and redis.call('SCARD', P .. 'claimed:server:' .. server)
if running and running >= tonumber(limits[2]) then
  return answer('limit', position, running .. ' jobs run on the server ' .. server .. ', its limit is ' .. limits[2])
end
local opens = rate_opens(kind, limits[3])
if opens then
  local count, window = string.match(limits[3], '^(%d+)/(%d+)$')
  return answer('rate', position, count .. ' jobs of the type ' .. kind .. ' may start in ' .. window / 1000
    .. 's, the next one at ' .. iso(opens), before == 0 and opens or nil)
end
if not before then return answer('queued', nil, nil) end
if before < slots - busy then return answer('queued', position, nil, NOW) end
local mean = usual(kind, resource, id)
local ends = {}
for _, worker in ipairs(workers) do
  for _, other in ipairs(redis.call('SRANDMEMBER', P .. 'worker:' .. worker .. ':jobs', 20)) do
    if #ends < 20 then ends[#ends + 1] = ending(other, mean) end
  end
end
if not mean or #ends == 0 then return answer('queued', position, nil) end
table.sort(ends)
local later = before - math.max(0, slots - busy)
local sample = math.min(#ends, math.floor(later % slots * #ends / slots) + 1)
return answer('queued', position, nil, ends[sample] + math.floor(later / slots) * mean)
"""#,
        sha1: "13909587209aae13c66817584d1ce6d046ba9a4f",
        keyCount: 2
    )

    /// Every script, to be loaded at connect.
    package static let all: [RedisScript] = [
        admit,
        answer,
        appendLog,
        askLog,
        audit,
        claim,
        closeSession,
        configure,
        drain,
        endLeases,
        ended,
        finish,
        fireSchedule,
        forgetWorker,
        forgotten,
        holdControl,
        inspectJobs,
        inspectMembers,
        kill,
        leave,
        notified,
        openSession,
        overview,
        pause,
        pauseSchedule,
        promote,
        prune,
        putLogin,
        putResource,
        putSchedule,
        putToken,
        register,
        reject,
        release,
        releaseQuarantine,
        remove,
        removeResource,
        removeSchedule,
        removeToken,
        renew,
        report,
        restore,
        retry,
        serve,
        started,
        stopWorker,
        takeNotifications,
        tick,
        useToken,
        waiting,
    ]
}
