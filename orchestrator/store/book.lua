-- BOOK: a new session with all that belongs to it, unless somebody is booked already in that time.
-- KEYS: s:<sid>  bk:<command>  deadlines  starts  changes  cal:<seeker>  cal:<supporter>
-- ARGV: sid, version, session, deadline, starts_at, ends_at, calendar member, id of the replaced session or '',
--       length of the change feed, parcel: JSON {"hashes": [[key, field, value, ...], ...], "sets": [[key, member], ...]}
local sid = ARGV[1]

local earlier = redis.call('GET', KEYS[2])
if earlier then
  return { 'repeated', earlier }
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.error_reply('session id is in use')
end
local starts_at, ends_at = tonumber(ARGV[5]), tonumber(ARGV[6])
for calendar = 6, 7 do
  -- What ends after we start; it overlaps when it also starts before we end.
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[calendar], '(' .. ARGV[5], '+inf')) do
    local colon = string.find(member, ':', 1, true)
    local other = string.sub(member, colon + 1)
    if tonumber(string.sub(member, 1, colon - 1)) < ends_at and other ~= ARGV[8] then
      return { 'taken', sid }
    end
  end
end
local parcel = cjson.decode(ARGV[10])

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
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[9], '*', 'session', sid, 'version', ARGV[2])
return { 'done', sid }
