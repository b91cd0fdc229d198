-- What is wrong with entries that stand for jobs: each belongs to a job that lives and has its place there, each lane
-- stands for a queue. Judges and repairs each entry in one step; changes nothing unless it repairs.
-- ARGV: '1' to repair or '0', family (jobs: a set or hash of job ids; parts: keys of jobs; turns: concurrency keys; lanes:
--       members of a set of lanes; queues: names of queues; renewals: worker ids; schedules: ids; named: what a
--       set names that has a hash each; notifications: their names; sums: none), key the entries stand in, the entries
-- Returns: breaches, each { kind, entry, sentence, 1 when it can be repaired, 1 when it was }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include logs
local repairing, family, key = ARGV[1] == '1', ARGV[2], ARGV[3]
local found = {}

local function say(kind, entry, sentence, repair)
  found[#found + 1] = { kind, entry, sentence, repair and 1 or 0, repairing and repair and 1 or 0 }
  if repairing and repair then repair() end
end

local kind_of_key = key ~= '' and redis.call('TYPE', key).ok
local function is_member(id)
  if kind_of_key == 'zset' then return redis.call('ZSCORE', key, id) ~= false end
  if kind_of_key == 'set' then return redis.call('SISMEMBER', key, id) == 1 end
  return redis.call('HEXISTS', key, id) == 1
end

local function drop(id)
  if key == P .. 'logs:bytes' or key == P .. 'logs:ended' then return drop_log(id) end
  redis.call(kind_of_key == 'zset' and 'ZREM' or kind_of_key == 'set' and 'SREM' or 'HDEL', key, id)
end

-- What a job has to have to stand in this key: fields of its hash, joined by ':'. Some keys tell nothing.
local name = string.sub(key, #P + 1)
local fields, value
for prefix, names in pairs({ ['index:type:'] = { 'type' }, ['index:pending:'] = { 'type' }, ['paused:'] = { 'type' },
  ['index:resource:'] = { 'type', 'resourceId' }, ['waiting:'] = { 'concurrencyKey' }, ['later:'] = { 'concurrencyKey' },
  ['index:server:'] = { 'serverId' }, ['index:schedule:'] = { 'scheduleId' }, ['claimed:type:'] = { 'type' }, ['claimed:server:'] = { 'serverId' } }) do
  if string.sub(name, 1, #prefix) == prefix then fields, value = names, string.sub(name, #prefix + 1) end
end
if string.find(name, '^worker:.+:jobs$') or string.find(name, '^worker:.+:kills$') or string.find(name, '^worker:.+:logs$') then
  fields, value = { 'workerId' }, string.match(name, '^worker:(.+):%a+$')
end

local function belongs(id)
  if fields then
    local values = redis.call('HMGET', job_key(id), unpack(fields))
    for index = 1, #fields do values[index] = values[index] or '' end
    return table.concat(values, ':') == value
  end
  if string.sub(name, 1, 12) ~= 'index:label:' then return true end
  for _, index in ipairs(further_indexes(nil, redis.call('HGET', job_key(id), 'labels'))) do
    if index == name then return true end
  end
  return false
end

local check = {
  jobs = function(id)
    if id == '' or not is_member(id) then return end
    if redis.call('EXISTS', job_key(id)) == 0 then
      say('leftover', id, key .. ' names the job ' .. id .. ', which does not exist', function() drop(id) end)
    elseif not belongs(id) then
      say('index', id, key .. ' names the job ' .. id .. ', which has no place there', function() drop(id) end)
    end
  end,
  parts = function(part)
    local id = string.match(part, '^([^:]+):')
    if redis.call('EXISTS', job_key(id)) == 1 or redis.call('EXISTS', job_key(part)) == 0 then return end
    say('leftover', part, job_key(part) .. ' outlives its job', function()
      if string.sub(part, -4) == ':log' then drop_log(id) else redis.call('DEL', job_key(part)) end
    end)
  end,
  turns = function(turn)
    local holders, limit = holders_of(turn), math.huge
    for _, id in ipairs(holders) do
      local j = redis.call('HMGET', job_key(id), 'concurrencyKey', 'concurrencyLimit', 'status')
      limit = math.min(limit, tonumber(j[2] or '1'))
      if j[1] ~= turn or j[3] ~= 'pending' and j[3] ~= 'running' then
        say('turn', turn, 'the turn of ' .. turn .. ' is held by ' .. id .. ', which is ' .. (j[3] or 'gone'),
          function() free_turn(turn, id) end)
      end
    end
    if #holders > limit then
      say('turn', turn, turn .. ' is held by ' .. #holders .. ' jobs (' .. table.concat(holders, ' ', 1, math.min(#holders, 10))
        .. '), its limit is ' .. limit)
    end
    local line = P .. 'waiting:' .. turn
    local first = redis.call('TYPE', line).ok == 'zset' and redis.call('ZRANGE', line, 0, 0)[1]
    if #holders == 0 and first and redis.call('SISMEMBER', P .. 'giving', turn) == 0 and redis.call('HGET', job_key(first), 'concurrencyKey') == turn then
      say('turn', turn, 'the turn of ' .. turn .. ' is free, and ' .. first .. ' waits for it',
        function() give_turns(turn) end)
    end
  end,
  lanes = function(lane)
    if redis.call('EXISTS', P .. 'queue:' .. lane) == 0 and is_member(lane) then
      say('lane', lane, key .. ' names the queue ' .. lane .. ', which is empty', function()
        redis.call('ZREM', key, lane)
      end)
    end
  end,
  renewals = function(worker)
    local sign = redis.call('HGET', key, worker)
    if not sign then return end
    local is_held = redis.call('EXISTS', P .. 'worker:' .. worker .. ':jobs') == 1
    if not string.match(sign, '^%S+ [1-9]%d*$') then
      say('worker', worker, 'the sign of life of ' .. worker .. ' reads "' .. sign .. '"')
    elseif not is_held and redis.call('SISMEMBER', P .. 'workers', worker) == 0 then
      say('worker', worker, key .. ' names the worker ' .. worker .. ', which is not on record', function()
        redis.call('HDEL', key, worker)
      end)
    end
  end,
  queues = function(lane)
    if redis.call('EXISTS', P .. 'queue:' .. lane) == 0 then return end
    local kind, scope, priority = parts(lane)
    local lanes = P .. 'lanes' .. scope
    if redis.call('ZSCORE', lanes, lane) and redis.call('ZSCORE', P .. 'lanes:unserved', lane) then return end
    say('lane', lane, 'the queue ' .. lane .. ' is in no set of lanes', function()
      local served = tonumber(redis.call('HGET', P .. 'claims', 'served') or '0')
      redis.call('ZADD', lanes, 'NX', number((tonumber(priority) or 5) * 1e12 + served), lane)
      redis.call('ZADD', P .. 'lanes:unserved', 'NX', number(NOW), lane)
      local wake = P .. 'wake:' .. kind .. scope
      if redis.call('EXISTS', wake) == 0 then redis.call('LPUSH', wake, '1') end
    end)
  end,
  schedules = function(id)
    local s = redis.call('HMGET', P .. 'schedule:' .. id, 'definition', 'paused', 'due')
    local due = redis.call('ZSCORE', key, id)
    if not s[1] then
      if not due then return end
      return say('leftover', id, key .. ' names the schedule ' .. id .. ', which does not exist', function()
        redis.call('ZREM', key, id)
      end)
    end
    if due ~= (s[3] or 'inf') then
      say('index', id, 'the schedule ' .. id .. ' comes due at ' .. (s[3] or 'no time') .. ', but stands at '
        .. (due or 'none'), function() redis.call('ZADD', key, s[3] or '+inf', id) end)
    end
    if (s[2] == '1') == (s[3] ~= false) then
      say('fields', id, 'the schedule ' .. id .. (s[2] == '1' and ' is paused and has a' or ' has no') .. ' next run: '
        .. 'pause and resume it')
    end
  end,
  named = function(member)
    local hash = string.sub(key, 1, -2) .. ':' .. member
    local is_there = redis.call('EXISTS', hash) == 1
    if is_there == (redis.call('SISMEMBER', key, member) == 1) then return end
    say('index', member, is_there and hash .. ' is missing from ' .. key or key .. ' names ' .. member .. ', which does not exist',
      function() redis.call(is_there and 'SADD' or 'SREM', key, member) end)
  end,
  notifications = function(entry)
    if not is_member(entry) then return end
    local status = redis.call('HGET', job_key(string.match(entry, '^[^:]*')), 'status')
    if status ~= 'done' and status ~= 'error' or not redis.call('ZSCORE', P .. 'notify', entry) then
      say('leftover', entry, key .. ' names ' .. entry .. ', which is not to be told', function() drop(entry) end)
    end
  end,
  sums = function()
    local sum, total = 0, 0
    local sizes = redis.call('HGETALL', key)
    for index = 1, #sizes, 2 do
      if sizes[index] == '' then total = tonumber(sizes[index + 1]) else sum = sum + tonumber(sizes[index + 1]) end
    end
    if sum == total then return end
    say('sum', key, key .. ' sums up to ' .. sum .. ', but says ' .. total, function()
      redis.call('HSET', key, '', sum)
    end)
  end,
}

for index = 4, #ARGV do check[family](ARGV[index]) end
return found
