-- Limits, as the hash `limits` has them: `type:<type>` and `server:<server>`, how many run at once; `rate:<type>`, how many
-- start in how many ms; `queue:<type>`, how many may wait. What runs is read from the claims, what started from `starts`.

-- When the next job of a type may start, in ms; nil for now.
local function rate_opens(kind, rate)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  if redis.call('ZCOUNT', starts, '(' .. number(NOW - window), number(NOW)) < tonumber(count) then return end
  return redis.call('ZRANGE', starts, -count, -count, 'WITHSCORES')[2] + window
end

-- Notes a start; the times that a limit does not look at go.
local function count_start(kind, rate, fence)
  local count, window = string.match(rate or '', '^(%d+)/(%d+)$')
  if not count then return end
  local starts = P .. 'starts:' .. kind
  redis.call('ZADD', starts, number(NOW), fence)
  redis.call('ZREMRANGEBYRANK', starts, 0, -count - 1)
  redis.call('PEXPIRE', starts, window)
end

-- An attempt is no more: its worker, its type and its server have room. Where they had none before, others are woken.
local function free_claim(id, worker, kind, server)
  redis.call('SREM', P .. 'worker:' .. worker .. ':jobs', id)
  redis.call('HDEL', P .. 'worker:' .. worker .. ':kills', id)
  redis.call('SREM', P .. 'claims:type:' .. kind, id)
  if server then redis.call('SREM', P .. 'claims:server:' .. server, id) end
  local limits = redis.call('HMGET', P .. 'limits', 'type:' .. kind, 'server:' .. (server or ''))
  if limits[1] and redis.call('SCARD', P .. 'claims:type:' .. kind) == limits[1] - 1 then
    wake_lanes(function(other) return other == kind end)
  end
  if server and limits[2] and redis.call('SCARD', P .. 'claims:server:' .. server) == limits[2] - 1 then
    wake_lanes(function(_, scope) return string.match(scope, '!(.*)$') == server end)
  end
end
