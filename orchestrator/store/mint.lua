-- MINT: one more link for a seat, unless all that it had are revoked.
-- KEYS: link:<hash>  links:<sid>:<seat>
-- ARGV: prefix of link keys, hash of the secret, field, value, ... of the new link
for _, known in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('HEXISTS', ARGV[1] .. known, 'revoked_at') == 0 then
    redis.call('HSET', KEYS[1], unpack(ARGV, 3))
    redis.call('SADD', KEYS[2], ARGV[2])
    return 1
  end
end
return 0
