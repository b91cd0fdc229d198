-- The guard of every script that a worker calls for an attempt: its fence must still be the job's.
local ATTEMPT_FIELDS = { 'status', 'reason', 'attempt', 'workerId', 'fence', 'revision', 'type', 'options' }

-- Returns a code and the job's fields: those above and `further` ones.
local function attempt_of(id, fence, further)
  local names = ATTEMPT_FIELDS
  if further then
    names = { unpack(ATTEMPT_FIELDS) }
    for _, name in ipairs(further) do names[#names + 1] = name end
  end
  local j = fields_of(id, names)
  if not j.status then return NOT_FOUND end
  if j.fence ~= fence then return STALE_FENCE end
  if j.status == 'done' or j.status == 'error' then return ALREADY, j end
  if j.status == 'pending' and j.reason ~= 'starting' then return ALREADY, j end
  return OK, j
end
