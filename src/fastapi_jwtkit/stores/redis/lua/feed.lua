-- Goes before scripts of the feed. KEYS: the state, a sorted set of names by the time when
-- each is over; what is known of each name, a hash; and the log, a stream of what was added.
-- The state holds its own birth, so that whoever empties it takes that too: the name ''
-- whose score is the time below zero.
local STATE, KNOWN, LOG = KEYS[1], KEYS[2], KEYS[3]
local BIRTH = ''

local function born_of(now)
  local score = redis.call('ZSCORE', STATE, BIRTH)
  if score then
    return -score
  end
  redis.call('ZADD', STATE, -now, BIRTH)
  return now
end

local function sweep(now, count)
  local over = redis.call('ZRANGEBYSCORE', STATE, 0, now, 'LIMIT', 0, count)
  for _, name in ipairs(over) do
    redis.call('ZREM', STATE, name)
    redis.call('HDEL', KNOWN, name)
  end
  return #over
end

-- The last number of the log, how many entries it ever had, and how many of them are gone.
local function log_end()
  if redis.call('EXISTS', LOG) == 0 then
    return '0-0', 0, 0
  end
  local info, said = redis.call('XINFO', 'STREAM', LOG), {}
  for at = 1, #info, 2 do
    said[info[at]] = info[at + 1]
  end
  return said['last-generated-id'], said['entries-added'], said['entries-added'] - said['length']
end

-- Another server, or the same after a restart, may have forgotten the latest entries.
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
end
