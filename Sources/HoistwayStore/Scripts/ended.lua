-- The ended jobs, newest first, 100 at a time. Changes nothing.
-- ARGV: the sequence number before which to look, '+inf' at first
-- Returns: per job its id, sequence number, type, completedAt, logBytes, resource and its own retention as JSON
--- @include common
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
