-- Appends a piece of a job's log to its copy in Redis and keeps the copies within their bounds, oldest bytes first.
-- ARGV: id, fence, offset of the piece, offset behind it, the piece, most bytes of one copy, most bytes of all
-- Returns: OK | ALREADY (that piece is there) | STALE_FENCE | NOT_FOUND
--- @include common
--- @include logs
local id, offset, after, piece = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local fence = redis.call('HGET', job_key(id), 'fence')
if not fence then return NOT_FOUND end
if fence ~= ARGV[2] then return STALE_FENCE end
local key = job_key(id) .. ':log'
local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
if last and tonumber(string.match(last[1], '^%d+')) >= tonumber(after) then return ALREADY end
redis.call('XADD', key, after .. '-0', 'offset', offset, 'bytes', piece)
local bytes = redis.call('HINCRBY', P .. 'logs:bytes', id, #piece)
local total = redis.call('HINCRBY', P .. 'logs:bytes', '', #piece)
local most, all = tonumber(ARGV[6]), tonumber(ARGV[7])
for _ = 1, 100 do
  if total <= all then break end
  local ended = redis.call('ZRANGE', P .. 'logs:ended', 0, 0)[1]
  if not ended or ended == id then break end
  drop_log(ended)
  total = tonumber(redis.call('HGET', P .. 'logs:bytes', ''))
end
for _ = 1, 100 do
  if bytes <= most and total <= all then break end
  local first = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
  if not first then break end
  redis.call('XDEL', key, first[1])
  bytes = redis.call('HINCRBY', P .. 'logs:bytes', id, -#first[2][4])
  total = redis.call('HINCRBY', P .. 'logs:bytes', '', -#first[2][4])
end
return OK
