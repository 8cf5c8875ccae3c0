-- ARGV: the time and the size of the log; then for each entry its name, when it is over and
-- what is known of it: version|min_epoch|not_before|reason, a bound that is not there as '-'.
-- Returns how many are new or grew, and how many replicas should hear of it.
local scale, offset, log_size = struct.unpack('<ddI4', ARGV[1])
local now = now_of(scale, offset)
local FORM, VERSION = '^(%d+)|([^|]*)|([^|]*)|(.*)$', '1'

-- The bound that kills more: none at all, or the higher.
local function stronger(one, other)
  if one == '-' or other == '-' then
    return '-'
  end
  return tonumber(other) > tonumber(one) and other or one
end

local function merge(known, new)
  local version, epoch, moment, reason = string.match(known, FORM)
  if version ~= VERSION then
    return known -- of a later release, which says more than is understood here
  end
  local _, new_epoch, new_moment, new_reason = string.match(new, FORM)
  local most_epoch, most_moment = stronger(epoch, new_epoch), stronger(moment, new_moment)
  if most_epoch == epoch and most_moment == moment then
    return known
  end
  return table.concat({VERSION, most_epoch, most_moment, new_reason}, '|')
end

local function log(name, known, over)
  redis.call('XADD', LOG, 'MAXLEN', '~', log_size, '*', name, known, 'over', over)
end

-- One entry grows and never shrinks: whoever reads the state anew must not know less than
-- who followed it.
local function add(name, over, new)
  if tonumber(over) <= now then
    return 0
  end
  local score = redis.call('ZSCORE', STATE, name)
  local known = score and tonumber(score) > now and redis.call('HGET', KNOWN, name)
  if known then
    new = merge(known, new)
    if tonumber(score) > tonumber(over) then
      over = score
    end
    if new == known and tonumber(over) == tonumber(score) then
      return 0
    end
  end
  redis.call('ZADD', STATE, over, name)
  redis.call('HSET', KNOWN, name, new)
  log(name, new, over)
  return 1
end

born_of(now)
sweep(now, 20)
local added = 0
for at = 2, #ARGV, 3 do
  added = added + add(ARGV[at], ARGV[at + 1], ARGV[at + 2])
end
local replicas = online_replicas()
if added == 0 and replicas > 0 and #ARGV > 1 then
  -- WAIT then asks for this write, and so for the one that added them.
  log(ARGV[2], ARGV[4], ARGV[3])
end
return {added, replicas}
