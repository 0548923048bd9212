-- BEAT: a node's heartbeat by the store's own clock, so that nodes with wrong clocks agree.
-- KEYS: nodes  outbox
-- ARGV: node, TTL in microseconds, how long an expired node stays listed in microseconds, consumer group
-- Forgetting is measured from the beat before this one: after a long rest of all nodes, the last ones are still
-- listed once, and whoever comes first learns when the service stopped.
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if newest[2] then
  local oldest_kept = string.format('(%.0f', tonumber(newest[2]) - tonumber(ARGV[2]) - tonumber(ARGV[3]))
  for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', oldest_kept)) do
    redis.call('ZREM', KEYS[1], node)
    -- Deleting a consumer drops its unacknowledged entries: only when it has none.
    local left = redis.pcall('XPENDING', KEYS[2], ARGV[4], '-', '+', 1, node)
    if not left.err and #left == 0 then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[2], ARGV[4], node)
    end
  end
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', tonumber(time[1]) * 1000000 + tonumber(time[2])), ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
