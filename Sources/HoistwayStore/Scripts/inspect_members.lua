-- What is wrong with entries that stand for jobs: each belongs to a job that lives, each lane stands for a queue. Changes
-- nothing.
-- ARGV: family (jobs: a set or hash of job ids; parts: keys of jobs; turns: concurrency keys; lanes: members of a set of
--       lanes; queues: names of queues), key the entries stand in, the entries
-- Returns: sentences
--- @include common
--- @include queue
local family, key = ARGV[1], ARGV[2]
local found = {}

local function is_member(id)
  local kind = redis.call('TYPE', key).ok
  if kind == 'zset' then return redis.call('ZSCORE', key, id) ~= false end
  if kind == 'set' then return redis.call('SISMEMBER', key, id) == 1 end
  return redis.call('HEXISTS', key, id) == 1
end

local check = {
  jobs = function(id)
    if id ~= '' and redis.call('EXISTS', job_key(id)) == 0 and is_member(id) then
      found[#found + 1] = key .. ' names the job ' .. id .. ', which does not exist'
    end
  end,
  parts = function(name)
    local id = string.match(name, '^([^:]+):')
    if redis.call('EXISTS', job_key(id)) == 0 and redis.call('EXISTS', job_key(name)) == 1 then
      found[#found + 1] = job_key(name) .. ' outlives its job'
    end
  end,
  turns = function(turn)
    local holders, limit = holders_of(turn), math.huge
    for _, id in ipairs(holders) do
      local j = redis.call('HMGET', job_key(id), 'concurrencyKey', 'concurrencyLimit', 'status')
      limit = math.min(limit, tonumber(j[2] or '1'))
      if j[1] ~= turn or j[3] ~= 'pending' and j[3] ~= 'running' then
        found[#found + 1] = 'the turn of ' .. turn .. ' is held by ' .. id .. ', which is ' .. (j[3] or 'gone')
      end
    end
    if #holders > limit then
      found[#found + 1] = turn .. ' is held by ' .. #holders .. ' jobs, its limit is ' .. limit
    end
  end,
  lanes = function(name)
    if redis.call('EXISTS', P .. 'queue:' .. name) == 0 and is_member(name) then
      found[#found + 1] = key .. ' names the queue ' .. name .. ', which is empty'
    end
  end,
  queues = function(name)
    if redis.call('EXISTS', P .. 'queue:' .. name) == 0 then return end
    local _, scope = parts(name)
    if not redis.call('ZSCORE', P .. 'lanes' .. scope, name) or not redis.call('ZSCORE', P .. 'lanes:unserved', name) then
      found[#found + 1] = 'the queue ' .. name .. ' is in no set of lanes'
    end
  end,
}

for index = 3, #ARGV do check[family](ARGV[index]) end
if family == 'jobs' and key == P .. 'logs:bytes' then
  local sum, total = 0, 0
  local sizes = redis.call('HGETALL', key)
  for index = 1, #sizes, 2 do
    if sizes[index] == '' then total = tonumber(sizes[index + 1]) else sum = sum + tonumber(sizes[index + 1]) end
  end
  if sum ~= total then found[#found + 1] = key .. ' sums up to ' .. sum .. ', but says ' .. total end
end
return found
