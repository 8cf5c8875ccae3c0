-- ARGV: the time, a cursor and about how many. Returns where the feed stands, the next
-- cursor and, as one JSON text, some names, when each is over, and what is known of each.
-- Whatever was there at cursor 0 comes before cursor 0 comes again.
local now = now_of(struct.unpack('<dd', ARGV[1]))
local born_at = born_of(now)
if ARGV[2] == '0' then
  pcall(sweep, now, 100) -- a server that takes no writes now is read all the same
end
local last, added = log_end()
local page = redis.call('ZSCAN', STATE, ARGV[2], 'COUNT', ARGV[3])
local names, over = {}, {}
for at = 1, #page[2], 2 do
  if page[2][at] ~= BIRTH then
    names[#names + 1], over[#over + 1] = page[2][at], page[2][at + 1]
  end
end
local known = #names > 0 and redis.call('HMGET', KNOWN, unpack(names)) or {}
return {struct.pack('<dd', born_at, now), run_id(), last, added, page[1], cjson.encode({names, over, known})}
