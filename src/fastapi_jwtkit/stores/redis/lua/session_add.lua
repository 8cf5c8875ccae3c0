-- KEYS: the row. ARGV: what is new. Returns the row, or nothing if there is one.
local scale, offset, absolute_ttl, idle_ttl, mac_size, rest = struct.unpack('<ddddB', ARGV[1])
local now = now_of(scale, offset)
local row = LIVE
  .. struct.pack(HEAD, 0, 0, 0, 0, now, now + absolute_ttl, now + idle_ttl, 0, mac_size, 0)
  .. string.sub(ARGV[1], rest)
if redis.call('SET', KEYS[1], row, 'NX', 'PX', keep_ms(idle_ttl)) then
  return row
end
return false
