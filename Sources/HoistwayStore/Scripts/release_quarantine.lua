-- Payloads may be deployed again.
-- ARGV: type, resourceId, their fields in `losses`
-- Returns: how many there were
--- @include common
local count = 0
for index = 3, #ARGV do
  count = count + redis.call('HDEL', P .. 'losses', ARGV[index])
  redis.call('HDEL', P .. 'quarantining', ARGV[index])
end
if count > 0 then announce('quarantineReleased', 'type', ARGV[1], '{"resourceId":' .. quoted(ARGV[2]) .. '}') end
return count
