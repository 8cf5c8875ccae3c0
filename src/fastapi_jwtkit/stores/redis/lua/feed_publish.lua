-- ARGV: the time and the size of the log; then for each entry its name, when it is over and
-- what is known of it: version|min_epoch|not_before|reason, a bound that is not there as '-'.
-- No name comes twice. Returns how many are new or grew, and how many replicas should hear
-- of it.
local scale, offset, log_size = struct.unpack('<ddI4', ARGV[1])
local now = now_of(scale, offset)
local FORM, VERSION = '^(%d+)|([^|]*)|([^|]*)|(.*)$', '1'
local AT_ONCE = 20 -- entries of one command, and of one entry of the log

-- The bound that kills more: none at all, or the higher.
local function stronger(one, other)
  if one == '-' or other == '-' then
    return '-'
  end
  return tonumber(other) > tonumber(one) and other or one
end

local function merge(known, new)
  local version, epoch, moment = string.match(known, FORM)
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

-- Returns what is to be written, or nothing. An entry grows and never shrinks: whoever
-- reads the state anew must not know less than who followed it.
local function grown(name, over, new, score)
  if tonumber(over) <= now then
    return nil
  end
  local known = score and tonumber(score) > now and redis.call('HGET', KNOWN, name)
  if not known then
    return over, new
  end
  new = merge(known, new)
  if tonumber(score) > tonumber(over) then
    over = score
  end
  if new == known and tonumber(over) == tonumber(score) then
    return nil
  end
  return over, new
end

-- The first number of a log has the microsecond in it: one that was lost and begun again
-- within a millisecond would else be taken for the one before it.
local function next_number()
  if redis.call('EXISTS', LOG) == 1 then
    return '*'
  end
  local time = redis.call('TIME')
  return string.format('%d%03d-%d', time[1], math.floor(time[2] / 1000), time[2] % 1000)
end

local function write(first, last)
  local names, scores, details, lines, count = {}, {}, {}, {}, 0
  for at = first, last, 3 do
    names[#names + 1] = ARGV[at]
  end
  local known = redis.call('ZMSCORE', STATE, unpack(names))
  for index, name in ipairs(names) do
    local at = first + 3 * (index - 1)
    local over, new = grown(name, ARGV[at + 1], ARGV[at + 2], known[index])
    if over then
      local two, four = 2 * count, 4 * count
      scores[two + 1], scores[two + 2] = over, name
      details[two + 1], details[two + 2] = name, new
      lines[four + 1], lines[four + 2], lines[four + 3], lines[four + 4] = name, new, 'over', over
      count = count + 1
    end
  end
  if count > 0 then
    redis.call('ZADD', STATE, unpack(scores))
    redis.call('HSET', KNOWN, unpack(details))
    redis.call('XADD', LOG, 'MAXLEN', '~', log_size, next_number(), unpack(lines))
  end
  return count
end

born_of(now)
sweep(now, 20)
local added = 0
for first = 2, #ARGV, 3 * AT_ONCE do
  added = added + write(first, math.min(first + 3 * AT_ONCE - 1, #ARGV))
end
local replicas = online_replicas()
if added == 0 and replicas > 0 then
  -- Says nothing. But WAIT asks for this write, and so for the one that added them.
  redis.call('HSET', KNOWN, BIRTH, '')
end
return {added, replicas}
