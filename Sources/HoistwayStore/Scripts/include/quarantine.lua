-- Payloads that take their worker or monitor with them: `losses` counts, by '<type> <digest> <resource>', how many jobs
-- of them in a row ended as lost: '<count> <until when, ms> <the last of them>'. From the third on they are quarantined.
-- The hash `claims` says in `losses` whether there are any; jobs claimed then are `suspect`.
local LOSSES, QUARANTINE = 3, 86400000

local function losses_of(field)
  local count, till, last = string.match(redis.call('HGET', P .. 'losses', field) or '', '^(%d+) (%d+) (.*)$')
  if not count or tonumber(till) <= NOW then return 0 end
  return tonumber(count), last
end

-- Whether a payload is quarantined, and the id of the job that was lost last.
local function quarantined(kind, resource, payload)
  local count, last = losses_of(kind .. ' ' .. redis.sha1hex(payload) .. ' ' .. resource)
  return count >= LOSSES, last
end

-- Counts how a job ended for good, after something of it ran. What waits with a payload that is quarantined by it is
-- ended by the tick: `quarantining` has how far that went.
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

-- Cancels what waits with a quarantined payload, 100 jobs of the resource at a time.
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
