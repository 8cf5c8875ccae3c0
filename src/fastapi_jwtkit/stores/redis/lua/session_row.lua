-- Goes before every session script. How a row is laid out: session_rows.py.
-- A live row of this format begins with LIVE: its version, no time and no reason of an end.
local LIVE = '\1\0\0\0\0\0\0\0\0\0'
local AT = 11 -- where HEAD begins in a live row
local HEAD = '<I8I4I2I2dddBBB'
local EPOCH_AT, REPLAYS_AT = 18, 22 -- bytes of a live row before these two fields of HEAD
local MAX_COUNT = 65535
local KEPT_MS = 120000 -- a row outlives its session, so that late callers are told why

-- In ticks of 1/1024 s, so that sums and differences of times are exact.
local function now_of(scale, offset)
  local time = redis.call('TIME')
  return math.floor(((time[1] + time[2] / 1000000) * scale + offset) * 1024) / 1024
end

local function keep_ms(seconds)
  return math.ceil(seconds * 1000) + KEPT_MS
end
