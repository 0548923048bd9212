-- INTRODUCE: add somebody of the office who has no token yet, unless somebody has that name.
-- KEYS: staff:<person>  staff-name:<name>  staff
-- ARGV: person, name, staff as JSON, prefix of the staff keys
local namesake = redis.call('GET', KEYS[2])
if namesake then
  return redis.call('HGET', ARGV[4] .. namesake, 'staff')
end
redis.call('HSET', KEYS[1], 'name', ARGV[2], 'staff', ARGV[3], 'token', '')
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SADD', KEYS[3], ARGV[1])
return ARGV[3]
