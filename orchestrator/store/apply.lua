-- APPLY: one transition, whole or not at all (invariants 1, 2, 3).
-- Every check comes before the first write: an error in a script does not undo what was written before it.
-- KEYS: s:<sid>  ev:<sid>  cm:<sid>  deadlines  outbox  changes  cal:<seeker>  cal:<supporter>
-- ARGV: sid, command, fence, new version, session, deadline or '', calendar member, calendar end or '' (frees it),
--       length of the change feed, number of records, records..., then topic, recipient, key of each publish...
local sid, command, fence, version = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local earlier = redis.call('HGET', KEYS[3], command)
if earlier then
  return { 'repeated', tonumber(earlier) }
end
local stored = redis.call('HMGET', KEYS[1], 'version', 'fence')
if not stored[1] then
  return { 'conflict', -1 }
end
if stored[2] ~= fence then
  return { 'fenced', tonumber(stored[2]) }
end
if tonumber(stored[1]) ~= version - 1 then
  return { 'conflict', tonumber(stored[1]) }
end

local records = tonumber(ARGV[10])
for n = 1, records do
  redis.call('XADD', KEYS[2], ARGV[4] .. '-' .. n, 'record', ARGV[10 + n])
end
redis.call('HSET', KEYS[1], 'version', ARGV[4], 'state', ARGV[5])
redis.call('HSET', KEYS[3], command, ARGV[4])
if ARGV[6] == '' then
  redis.call('ZREM', KEYS[4], sid)
else
  redis.call('ZADD', KEYS[4], ARGV[6], sid)
end
for calendar = 7, 8 do
  if ARGV[8] == '' then
    redis.call('ZREM', KEYS[calendar], ARGV[7])
  else
    redis.call('ZADD', KEYS[calendar], ARGV[8], ARGV[7])
  end
end
for at = 11 + records, #ARGV, 3 do
  redis.call('XADD', KEYS[5], '*', 'session', sid, 'topic', ARGV[at], 'recipient', ARGV[at + 1], 'key', ARGV[at + 2])
end
redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[9], '*', 'session', sid, 'version', ARGV[4])
return { 'done', version }
