-- BOOK: a new session with all that belongs to it, unless somebody is booked already in that time, one of its people
-- cannot be booked, or there is maintenance.
-- KEYS: s:<sid>  bk:<command>  deadlines  starts  changes  cal:<seeker>  cal:<supporter>  ev:<sid>  outbox
--       blocked  maintenance-times
-- ARGV: sid, version, session, deadline, starts_at, ends_at, calendar member, id of the replaced session or '',
--       length of the change feed, parcel: JSON {"hashes": [[key, field, value, ...], ...], "sets": [[key, member], ...],
--       "people": [<programme>:<person>, ...], "records": [record, ...], "publishes": [[topic, recipient, key], ...]}
local sid = ARGV[1]

local earlier = redis.call('GET', KEYS[2])
if earlier then
  return { 'repeated', earlier }
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.error_reply('session id is in use')
end
local parcel = cjson.decode(ARGV[10])
for _, person in ipairs(parcel.people) do
  if redis.call('SISMEMBER', KEYS[10], person) == 1 then
    return { 'suspended', sid, person }
  end
end
local ends_at = tonumber(ARGV[6])

-- The members of a sorted set `<begin>:<id>`, scored by their end, that share a moment with the slot.
local function overlapping(key)
  local found = {}
  -- What ends after we start; it overlaps when it also starts before we end.
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. ARGV[5], '+inf')) do
    local colon = string.find(member, ':', 1, true)
    if tonumber(string.sub(member, 1, colon - 1)) < ends_at then
      found[#found + 1] = string.sub(member, colon + 1)
    end
  end
  return found
end

local windows = overlapping(KEYS[11])
if windows[1] then
  return { 'maintenance', sid, windows[1] }
end
for calendar = 6, 7 do
  for _, other in ipairs(overlapping(KEYS[calendar])) do
    if other ~= ARGV[8] then
      return { 'taken', sid }
    end
  end
end

redis.call('SET', KEYS[2], sid)
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3], 'owner', '', 'fence', '0')
redis.call('ZADD', KEYS[3], ARGV[4], sid)
redis.call('ZADD', KEYS[4], ARGV[5], sid)
for calendar = 6, 7 do
  redis.call('ZADD', KEYS[calendar], ARGV[6], ARGV[7])
end
for _, hash in ipairs(parcel.hashes) do
  redis.call('HSET', unpack(hash))
end
for _, set in ipairs(parcel.sets) do
  redis.call('SADD', unpack(set))
end
for n, record in ipairs(parcel.records) do
  redis.call('XADD', KEYS[8], ARGV[2] .. '-' .. n, 'record', record)
end
for _, publish in ipairs(parcel.publishes) do
  redis.call('XADD', KEYS[9], '*', 'session', sid, 'topic', publish[1], 'recipient', publish[2], 'key', publish[3])
end
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[9], '*', 'session', sid, 'version', ARGV[2])
return { 'done', sid }
