-- KEYS: the counter: what it stands at, and when it is over. ARGV: the time, by how much the
-- counter changes, and how many seconds a new one lives. Returns what it is then, and how many
-- milliseconds it has left. Changed by 0 or less, one that is not there is not made.
local scale, offset, by, window = struct.unpack('<dddd', ARGV[1])
local now, value, ends = now_of(scale, offset), 0, 0
local known = redis.call('GET', KEYS[1])
if known then
  value, ends = struct.unpack('<dd', known)
end
if ends <= now then
  if by <= 0 then
    return {0, 0}
  end
  value, ends = 0, now + window
end
local left = math.ceil((ends - now) * 1000)
if by ~= 0 then
  value = math.max(0, value + by)
  redis.call('SET', KEYS[1], struct.pack('<dd', value, ends), 'PX', left)
end
return {value, left}
