-- KEYS: the row. ARGV: what is new. Returns the row, or nothing if there is one.
local scale, offset, absolute_ttl, idle_ttl, mac_size, rest = struct.unpack('<ddddB', ARGV[1])
local now, left = now_of(scale, offset), ticks(idle_ttl)
local row = LIVE
  .. struct.pack(HEAD, 0, 0, 0, 0, now, now + ticks(absolute_ttl), now + left, 0, mac_size, 0)
  .. string.sub(ARGV[1], rest)
if redis.call('SET', KEYS[1], row, 'NX', 'PX', keep_ms(left)) then
  return row
end
return false
