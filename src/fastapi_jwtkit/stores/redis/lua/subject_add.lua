-- KEYS: the index of a subject. ARGV: the time and the life, the sid.
local scale, offset, absolute_ttl = struct.unpack('<ddd', ARGV[1])
local now = now_of(scale, offset)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now / 1024)
-- In whole seconds, which a small set keeps in few bytes.
local over = math.ceil((now + ticks(absolute_ttl)) / 1024)
redis.call('ZADD', KEYS[1], 'GT', over, ARGV[2])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], keep_ms(last[2] * 1024 - now))
return 1
