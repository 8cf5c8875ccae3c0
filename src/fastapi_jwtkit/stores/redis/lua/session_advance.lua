-- KEYS: the row. ARGV: one attempt. Returns the row after a win, nothing after a loss.
local row, argument = redis.call('GET', KEYS[1]), ARGV[1]
if not row or string.sub(row, 1, AT - 1) ~= LIVE then
  return false
end
local counter, epoch, replays, streak, created, absolute, idle, spent_size, mac_size,
  attempt_size, spent_at = struct.unpack(HEAD, row, AT)
local scale, offset, presented, known_epoch, idle_ttl, new_mac_size, new_attempt_size, rest =
  struct.unpack('<ddI8I4dBB', argument)
local now = now_of(scale, offset)
if now >= idle then
  return false
end
local attempt_at = spent_at + spent_size + mac_size
local kept_at = attempt_at + attempt_size
if presented < counter or epoch ~= known_epoch then
  -- Lost; or won by this very attempt, whose answer was lost on the way.
  local is_mine = counter == presented + 1
    and string.sub(row, attempt_at, kept_at - 1) == string.sub(argument, rest + new_mac_size)
  return is_mine and row
end
local spent = string.sub(row, spent_at, spent_at + spent_size - 1)
  .. string.rep('\0', 6 * math.min(presented - counter, 8))
  .. struct.pack('<I6', now * 1024)
spent = string.sub(spent, -48)
streak = replays > 0 and math.min(streak + 1, MAX_COUNT) or 0
idle = math.min(now + idle_ttl, absolute)
row = LIVE
  .. struct.pack(HEAD, presented + 1, epoch, 0, streak, created, absolute, idle, #spent,
    new_mac_size, new_attempt_size)
  .. spent
  .. string.sub(argument, rest)
  .. string.sub(row, kept_at)
redis.call('SET', KEYS[1], row, 'PX', keep_ms(idle - now))
return row
