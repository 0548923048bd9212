-- ATTEND: make or end the task about a person, if ledger and decisions are still those that it was derived from.
-- KEYS: lg:<programme>:<person>  person-tasks
-- ARGV: stamp that was seen, <programme>:<person>, task or ''
if (redis.call('HGET', KEYS[1], '#') or '0') ~= ARGV[1] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[2])
else
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
end
return 1
