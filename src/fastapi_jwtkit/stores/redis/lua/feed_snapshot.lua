-- ARGV: the time, the cursor and about how many. Returns where the feed stands, the next cursor and some
-- entries with their scores. All that was there at cursor 0 comes, before cursor 0 again.
local now = now_of(struct.unpack('<dd', ARGV[1]))
local born_at = born_of(now)
if ARGV[2] == '0' then
  sweep(now, 100)
end
local last, added = log_end()
local page = redis.call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
return {struct.pack('<dd', born_at, now), run_id(), last, added, page[1], page[2]}
