-- Limits, as the hash `limits` has them: `type:<type>` and `server:<server>`, how many run at once; `rate:<type>`, how many
-- start in how many ms; `queue:<type>`, how many may wait. What runs is read from the claims, what started from `starts`. The hash `claims` says in `limited` whether
-- anything limits claims, and in `queues` whether anything limits queues, so that nobody else has to look.

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

-- A worker has a job, which counts for the limits: `counted` says so.
local function count_claim(id, kind, server)
  redis.call('HSET', job_key(id), 'counted', 1)
  redis.call('SADD', P .. 'claimed:type:' .. kind, id)
  if server then redis.call('SADD', P .. 'claimed:server:' .. server, id) end
end

-- An attempt is no more: its worker, its type and its server have room. Where they had none before, others are woken.
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
