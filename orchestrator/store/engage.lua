-- ENGAGE: let the calendar of another supporter hold a session's slot, unless that one has something else or is suspended.
-- KEYS: cal:<person>  blocked
-- ARGV: calendar member of the session, its start, its end, <programme>:<person>
if redis.call('SISMEMBER', KEYS[2], ARGV[4]) == 1 then
  return 'suspended'
end
-- What ends after the session begins, and begins before it ends, is in the way.
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf')) do
  local colon = string.find(member, ':', 1, true)
  if member ~= ARGV[1] and tonumber(string.sub(member, 1, colon - 1)) < tonumber(ARGV[3]) then
    return 'taken'
  end
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 'done'
