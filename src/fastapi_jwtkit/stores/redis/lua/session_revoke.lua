-- KEYS: the row. ARGV: the time and the reason. Returns whether there is a row, and how
-- many replicas should hear of it. Every format begins like this, so any can be ended.
local row = redis.call('GET', KEYS[1])
if not row then
  return {0, 0}
end
local version, revoked_at = struct.unpack('<Bd', row)
if revoked_at == 0 then
  local scale, offset, reason_size, rest = struct.unpack('<ddB', ARGV[1])
  row = struct.pack('<BdB', version, now_of(scale, offset), reason_size)
    .. string.sub(ARGV[1], rest)
    .. string.sub(row, AT)
end
-- Also if it was revoked before: WAIT then asks for this write, and so for that one.
redis.call('SET', KEYS[1], row, 'KEEPTTL')
return {1, online_replicas()}
