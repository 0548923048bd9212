-- ENROL: add or replace somebody of the office; name, person and token each lead to one person.
-- KEYS: staff:<person>  staff-name:<name>  staff
-- ARGV: person, name, staff as JSON, hash of the token, prefixes of the staff, name and token keys
local function forget(person)
  local key = ARGV[5] .. person
  local old = redis.call('HMGET', key, 'name', 'token')
  if old[1] then
    redis.call('DEL', key, ARGV[6] .. old[1])
    redis.call('SREM', KEYS[3], person)
  end
  if old[2] and old[2] ~= '' then
    redis.call('DEL', ARGV[7] .. old[2])
  end
end

local namesake = redis.call('GET', KEYS[2])
if namesake then
  forget(namesake)
end
forget(ARGV[1])
redis.call('HSET', KEYS[1], 'name', ARGV[2], 'staff', ARGV[3], 'token', ARGV[4])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', ARGV[7] .. ARGV[4], ARGV[1])
redis.call('SADD', KEYS[3], ARGV[1])
return 1
