-- Removes ended jobs that retention does not keep. One that others still depend on, or of whose end somebody has yet to be
-- told, stays.
-- ARGV: job ids, at most 100
-- Returns: how many were removed
--- @include common
--- @include queue
--- @include logs
--- @include remove
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
