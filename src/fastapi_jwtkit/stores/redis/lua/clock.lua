-- Goes before scripts that ask what time it is.
local function now_of(scale, offset)
  local time = redis.call('TIME')
  return (time[1] + time[2] / 1000000) * scale + offset
end
