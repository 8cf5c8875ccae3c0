-- KEYS: the row. ARGV: the time. Returns the new epoch.
local row = redis.call('GET', KEYS[1])
if not row or string.sub(row, 1, AT - 1) ~= LIVE then
  return false
end
local _, epoch, _, _, _, _, idle = struct.unpack(HEAD, row, AT)
if now_of(struct.unpack('<dd', ARGV[1])) >= idle then
  return false
end
redis.call('SETRANGE', KEYS[1], EPOCH_AT, struct.pack('<I4', epoch + 1))
return epoch + 1
