-- Goes before scripts whose write a replica must have.
local function online_replicas()
  local info = redis.pcall('INFO', 'replication')
  if type(info) ~= 'string' then
    return -1 -- it may not be asked here
  end
  local _, count = string.gsub(info, 'state=online', '')
  return count
end
