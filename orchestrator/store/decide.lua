-- DECIDE: one decision about a person, if nobody has decided since the asker looked; it ends the person's task.
-- KEYS: dc:<programme>:<person>  lg:<programme>:<person>  person:<person>  blocked  person-tasks  outbox
-- ARGV: number of decisions that the asker has seen, decision, field of the reason, reason, <programme>:<person>,
--       '1' when the person cannot be booked from now on, else '', then topic, recipient, key when something is to follow
if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) then
  return 0
end
redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('HINCRBY', KEYS[2], '#', 1)
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call(ARGV[6] == '1' and 'SADD' or 'SREM', KEYS[4], ARGV[5])
redis.call('HDEL', KEYS[5], ARGV[5])
if ARGV[7] then
  redis.call('XADD', KEYS[6], '*', 'session', '', 'topic', ARGV[7], 'recipient', ARGV[8], 'key', ARGV[9])
end
return 1
