-- CLAIM: take a session whose owner and fence are as expected; the fence only rises (invariant 1).
-- KEYS: s:<sid>
-- ARGV: new owner, expected owner or '', expected fence
local stored = redis.call('HMGET', KEYS[1], 'owner', 'fence')
if stored[1] ~= ARGV[2] or stored[2] ~= ARGV[3] then
  return false
end
local fence = tonumber(stored[2]) + 1
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', fence)
return fence
