-- What every script shares: the prefix, result codes, Redis time, JSON text, history and events.
-- KEYS[1] is always <prefix>:meta; all other keys are made from it and lie in its slot.
local P = string.sub(KEYS[1], 1, -5)

-- A script run for a command of the control list (KEYS[2]) has the command as its last argument, and does nothing once
-- that is not the first there: another process has carried it out, and what came after it holds.
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

-- Days to date by Howard Hinnant's civil_from_days.
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

-- For what must be written even when memory is full (a lease, an end): once a script has written anything, were it nothing,
-- Redis lets it go on.
local function despite_full_memory() redis.call('DEL', P .. 'nothing') end

-- Text as a JSON string; only for names, ids and words, which hold no control characters.
local function quoted(text)
  if not text or text == '' then return 'null' end
  return '"' .. string.gsub(text, '["\\]', '\\%0') .. '"'
end

local function job_key(id) return P .. 'job:' .. id end

-- Fields of a job's hash by their names; an absent one is false.
local function fields_of(id, names)
  local values = redis.call('HMGET', job_key(id), unpack(names))
  local j = {}
  for index, name in ipairs(names) do j[name] = values[index] end
  return j
end

-- Whether a job (its field `options`) may wait only so long.
local function has_start_deadline(j)
  return j.options and string.find(j.options, '"startDeadline"', 1, true) ~= nil
end

-- The revision a job has after the change that is under way.
local function next_revision(j)
  j.revision = number(tonumber(j.revision or '0') + 1)
  return j.revision
end

-- Appends to the history of a job and to the stream of events. `data` is JSON text or nil.
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

-- An event of a queue or a worker.
local function announce(event, kind, name, data)
  local fields = { 'at', AT, 'event', event, kind, name, 'status', '', 'reason', '', 'attempt', '', 'fence', '',
    'data', data or '' }
  if kind ~= 'workerId' then table.insert(fields, 9, 'workerId') table.insert(fields, 10, '') end
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', 10000, '*', unpack(fields))
end

-- A key of ours is no place for answers: they would count as jobs or commands, or be where something else is to come.
local RESERVED = {}
for name in string.gmatch('claimed claims control deadlines delayed events giving idempotency inbox index job '
  .. 'lanes later limits login logs losses meta notify paused quarantining queue rated rejected renewals request '
  .. 'resource resources retried role schedule schedules sequence session settling starts superseding token tokens '
  .. 'turns types wake waiting worker workers', '%S+') do RESERVED[name] = true end

-- A list that was there without an end, of somebody else, keeps none.
local function reply(list, text)
  if not list or list == '' then return end
  if string.sub(list, 1, #P) == P and RESERVED[string.match(list, '^%w*', #P + 1)] then return end
  local pushed = redis.pcall('RPUSH', list, text)
  if pushed == 1 or type(pushed) == 'number' and redis.call('TTL', list) > 0 then redis.call('EXPIRE', list, 60) end
end
