-- APPLY: one transition, whole or not at all (invariants 1, 2, 3).
-- Every check comes before the first write: an error in a script does not undo what was written before it.
-- KEYS: s:<sid>  ev:<sid>  cm:<sid>  deadlines  outbox  changes  cal:<seeker>  cal:<supporter>  tasks  nt:<sid>
--       cal:<who held the supporter's seat before this step, or nobody>
--       then, once it has ended, lg:<programme>:<person> of each of its people
-- ARGV: sid, command, fence, new version, session, deadline or '', calendar member, calendar end or '' (frees it),
--       '' when a later calendar end that was reserved shall stay, else 'exactly', due time of its tasks or '',
--       length of the change feed, key of a note or '' (none), its text, number of records, records...,
--       a line of each ledger or '' (none), then topic, recipient, key of each publish...
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

local records = tonumber(ARGV[14])
for n = 1, records do
  redis.call('XADD', KEYS[2], ARGV[4] .. '-' .. n, 'record', ARGV[14 + n])
end
if ARGV[12] ~= '' then
  redis.call('HSET', KEYS[10], ARGV[12], ARGV[13])
end
redis.call('HSET', KEYS[1], 'version', ARGV[4], 'state', ARGV[5])
redis.call('HSET', KEYS[3], command, ARGV[4])
for index, due in pairs({ [4] = ARGV[6], [9] = ARGV[10] }) do
  if due == '' then
    redis.call('ZREM', KEYS[index], sid)
  else
    redis.call('ZADD', KEYS[index], due, sid)
  end
end
for calendar = 7, 8 do
  if ARGV[8] == '' then
    redis.call('ZREM', KEYS[calendar], ARGV[7])
  elseif ARGV[9] == '' then
    redis.call('ZADD', KEYS[calendar], 'GT', ARGV[8], ARGV[7])
  else
    redis.call('ZADD', KEYS[calendar], ARGV[8], ARGV[7])
  end
end
redis.call('ZREM', KEYS[11], ARGV[7])
local ledgers = #KEYS - 11
for n = 1, ledgers do
  local ledger, line = KEYS[11 + n], ARGV[14 + records + n]
  local before = redis.call('HGET', ledger, sid)
  if line == '' and before then
    redis.call('HDEL', ledger, sid)
    redis.call('HINCRBY', ledger, '#', 1)
  elseif line ~= '' and line ~= before then
    redis.call('HSET', ledger, sid, line)
    redis.call('HINCRBY', ledger, '#', 1)
  end
end
for at = 15 + records + ledgers, #ARGV, 3 do
  redis.call('XADD', KEYS[5], '*', 'session', sid, 'topic', ARGV[at], 'recipient', ARGV[at + 1], 'key', ARGV[at + 2])
end
redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[11], '*', 'session', sid, 'version', ARGV[4])
return { 'done', version }
