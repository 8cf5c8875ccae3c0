-- KEYS: the index of a subject. ARGV: the time. Returns now, then the sids.
local now = now_of(struct.unpack('<dd', ARGV[1]))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local sids = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(sids, 1, struct.pack('<d', now))
return sids
