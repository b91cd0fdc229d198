-- Appends a piece of a job's log to its copy in Redis and keeps the copies within their bounds: the ended
-- ones go first, then the oldest bytes of the largest.
-- ARGV: id, fence, offset of the piece, offset behind it, the piece, most bytes of one copy, most bytes of all
-- Returns: OK | ALREADY (that piece is there) | STALE_FENCE | NOT_FOUND
--- @include common
--- @include logs
local id, offset, after, piece = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local j = redis.call('HMGET', job_key(id), 'fence', 'status', 'reason')
if not j[2] then return NOT_FOUND end
if j[1] ~= ARGV[2] then return STALE_FENCE end
local key = job_key(id) .. ':log'
local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
if last and tonumber(string.match(last[1], '^%d+')) >= tonumber(after) then return ALREADY end
-- A stream whose pieces were all dropped still knows how far it went and refuses what lies before.
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
