-- KEYS: the id. ARGV: the time, until when it is valid and for how long it is kept at
-- least; and who asks. Returns whether they are the first. Who asks again is told the same.
local scale, offset, expires_at, least, most = struct.unpack('<ddddd', ARGV[1])
local seconds = expires_at - now_of(scale, offset) + least
seconds = math.max(least, math.min(seconds, most))
if redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', math.ceil(seconds * 1000)) then
  return 1
end
return redis.call('GET', KEYS[1]) == ARGV[2] and 1 or 0
