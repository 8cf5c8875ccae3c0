-- Goes before every session script. How a row is laid out: session_rows.py.
-- A live row of this format begins with LIVE: its version, no time and no reason of an end.
-- Times are whole ticks of 1/1024 s, so that sums and differences of them are exact.
local LIVE = '\1\0\0\0\0\0\0\0'
local AT = 9 -- where HEAD begins in a live row
local HEAD = '<I6I4I2I2I6I6I6BBB'
local EPOCH_AT, REPLAYS_AT = 14, 18 -- bytes of a live row before these two fields of HEAD
local MAX_COUNT = 65535
local KEPT_MS = 120000 -- a row outlives its session, so that late callers are told why

local function ticks(seconds)
  return math.floor(seconds * 1024)
end

local function now_of(scale, offset)
  local time = redis.call('TIME')
  return ticks((time[1] + time[2] / 1000000) * scale + offset)
end

local function keep_ms(left)
  return math.ceil(left / 1.024) + KEPT_MS
end
