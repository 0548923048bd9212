-- REVOKE: void all links of a seat that are not void yet.
-- KEYS: links:<sid>:<seat>
-- ARGV: prefix of link keys, moment of the revocation
local revoked = 0
for _, secret_hash in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  revoked = revoked + redis.call('HSETNX', ARGV[1] .. secret_hash, 'revoked_at', ARGV[2])
end
return revoked
