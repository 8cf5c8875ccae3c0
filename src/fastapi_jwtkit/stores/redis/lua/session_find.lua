-- KEYS: the row. ARGV: the time. Returns now and the row.
local row = redis.call('GET', KEYS[1])
if not row then
  return false
end
return struct.pack('<d', now_of(struct.unpack('<dd', ARGV[1]))) .. row
