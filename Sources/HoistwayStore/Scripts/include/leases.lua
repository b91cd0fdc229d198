-- Leases. `renewals` has for each worker with attempts what changes with each of its signs of life, and for how many ms it
-- must have been seen unchanged before another worker may end them: '<token> <window>'. In the hash `claims`, `hold` is of
-- the same form: no job is handed out until it has been seen unchanged for that long. `lost` has the range of the fences
-- that were given and that these data know nothing of: '<last known> <last given>'.
--
-- A window only grows, for monitors may live that were told a longer lease, unless it is written '=<window>'; '0' is for ever.
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

-- A worker remembers a fence that these data do not: they are older than what runs. Fences go on behind it.
-- Returns: whether that was so
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

-- Whether a fence was given without these data knowing of it.
local function was_lost(fence)
  local from, till = string.match(redis.call('HGET', P .. 'claims', 'lost') or '', '^(%d+) (%d+)$')
  return from ~= nil and tonumber(fence) > tonumber(from) and tonumber(fence) <= tonumber(till)
end
