-- ARGV: the time and how many at most. Returns how many entries that are over went.
return sweep(now_of(struct.unpack('<dd', ARGV[1])), ARGV[2])
