-- KEYS: the index of a subject. ARGV: the time and the life, the sid.
local scale, offset, absolute_ttl = struct.unpack('<ddd', ARGV[1])
local now = now_of(scale, offset)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], 'GT', math.ceil(now + absolute_ttl), ARGV[2])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], keep_ms(last[2] - now))
return 1
