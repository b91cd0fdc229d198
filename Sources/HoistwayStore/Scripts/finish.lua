-- An attempt ended: the job is done, in error, or waits to be tried again.
-- ARGV: id, fence, outcome (done failed killed timeout idle spawn lost), '1' when it may be tried again, '1' when the
--       recipe asked for it (exit 75), wait in ms before the next attempt, then hash fields in pairs
-- Returns: { OK, status, reason } | { ALREADY | STALE_FENCE | NOT_FOUND, '', '' }
--- @include common
--- @include queue
--- @include limits
--- @include kill
--- @include finish
--- @include supersede
--- @include attempt
--- @include quarantine
--- @include logs
--- @include start
--- @include conclude
local fields = {}
for index = 7, #ARGV do fields[#fields + 1] = ARGV[index] end
return { conclude(ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5] == '1', ARGV[6], fields) }
