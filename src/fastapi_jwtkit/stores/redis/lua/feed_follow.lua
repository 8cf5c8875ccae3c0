-- ARGV: the time, a number of the log and how many at most. Returns where the feed stands,
-- how many entries of the log are gone, and as one JSON text what came after the number.
local now = now_of(struct.unpack('<dd', ARGV[1]))
local born_at = born_of(now)
local last, added, gone = log_end()
local entries = redis.call('XRANGE', LOG, '(' .. ARGV[2], '+', 'COUNT', ARGV[3])
return {struct.pack('<dd', born_at, now), run_id(), last, added, gone, cjson.encode(entries)}
