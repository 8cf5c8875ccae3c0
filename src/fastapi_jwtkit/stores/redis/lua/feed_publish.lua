-- ARGV: the time and the size of the log, then for each entry when it is over and itself.
-- Returns how many are new or live longer, and how many replicas should hear of it.
local scale, offset, log_size = struct.unpack('<ddI4', ARGV[1])
local now = now_of(scale, offset)
local function log(at)
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', log_size, '*', ARGV[at], ARGV[at + 1])
end

born_of(now)
sweep(now, 20)
local added = 0
for at = 2, #ARGV, 2 do
  if redis.call('ZADD', KEYS[1], 'GT', 'CH', ARGV[at], ARGV[at + 1]) == 1 then
    log(at)
    added = added + 1
  end
end
local replicas = online_replicas()
if added == 0 and replicas > 0 and #ARGV > 1 then
  log(2) -- WAIT then asks for this write, and so for the one that added them
end
return {added, replicas}
