-- Makes types known: `count` arguments from `first` on. While everything is paused a new one is too.
local function know_types(first, count)
  local all_paused = redis.call('SISMEMBER', P .. 'paused', '*') == 1
  for index = first, first + count - 1 do
    if redis.call('SADD', P .. 'types', ARGV[index]) == 1 and all_paused then
      redis.call('SADD', P .. 'paused', ARGV[index])
      announce('paused', 'type', ARGV[index], nil)
    end
  end
end
