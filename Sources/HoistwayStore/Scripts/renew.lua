-- A worker renews the leases of its attempts, at most 100.
-- ARGV: worker id, token, window in ms, highest fence it has seen, hold in ms, then ids and fences in pairs
-- Returns: a code per attempt: OK | NOT_FOUND (Redis lost it: it is to be restored) | STALE_FENCE (it was given away)
--- @include common
--- @include leases
local worker = ARGV[1]
despite_full_memory()
heed_loss(worker, ARGV[4], ARGV[5])
sign_of_life(worker, ARGV[2], ARGV[3])

local function code_of(id, fence)
  local j = fields_of(id, { 'status', 'reason', 'fence' })
  if j.status == 'running' or j.status == 'pending' and j.reason == 'starting' then
    if j.fence == fence then return OK end
  end
  if j.status == 'done' or j.status == 'error' then return STALE_FENCE end
  if tonumber(j.fence or '0') < tonumber(fence) and was_lost(fence) then return NOT_FOUND end
  return STALE_FENCE
end

local codes = {}
for index = 6, #ARGV, 2 do codes[#codes + 1] = code_of(ARGV[index], ARGV[index + 1]) end
return codes
