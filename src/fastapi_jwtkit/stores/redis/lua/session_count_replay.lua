-- KEYS: the row. ARGV: the time and the counter. Returns how many replays there were.
local row = redis.call('GET', KEYS[1])
if not row or string.sub(row, 1, AT - 1) ~= LIVE then
  return false
end
local counter, _, replays, _, _, _, idle = struct.unpack(HEAD, row, AT)
local scale, offset, known_counter = struct.unpack('<ddI8', ARGV[1])
if counter ~= known_counter or now_of(scale, offset) >= idle then
  return false
end
replays = math.min(replays + 1, MAX_COUNT)
redis.call('SETRANGE', KEYS[1], REPLAYS_AT, struct.pack('<I2', replays))
return replays
