-- RESERVE: let both calendars hold a session's slot up to another end, unless somebody has something else by then.
-- KEYS: cal:<seeker>  cal:<supporter>
-- ARGV: calendar member of the session, new end
local ends_at = tonumber(ARGV[2])
for calendar = 1, 2 do
  local held = redis.call('ZSCORE', KEYS[calendar], ARGV[1])
  if not held then
    return 0
  end
  -- What ends after the present end, and starts before the new one, is in the way.
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[calendar], '(' .. held, '+inf')) do
    local colon = string.find(member, ':', 1, true)
    if member ~= ARGV[1] and tonumber(string.sub(member, 1, colon - 1)) < ends_at then
      return 0
    end
  end
end
for calendar = 1, 2 do
  redis.call('ZADD', KEYS[calendar], ARGV[2], ARGV[1])
end
return 1
