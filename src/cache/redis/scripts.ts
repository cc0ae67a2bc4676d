/**
 * What Redis does in one step, as Lua. Each script touches the keys of one slot, so a cluster can run it. They are
 * sent whole each time: a script cache is empty after a failover, and a few hundred bytes are less than another way.
 *
 * A value is a hash: t its text, s since when, f how long fresh, m what else is known, as JSON. A lease is a text; one
 * that begins with ! stands where a change has ended the lease of who was loading.
 */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** KEYS: value, lease. ARGV: token or nothing, how long it is lent, when: stale, always or held. */
export const OPEN: string = `${NOW}
local value = redis.pcall('HMGET', KEYS[1], 't', 's', 'f', 'm')
if value.err then
  redis.call('DEL', KEYS[1])
  value = {}
end
local since, fresh = tonumber(value[2]), tonumber(value[3])
if not (value[1] and value[4] and since and fresh) then value = {} end
local leased = 0
if ARGV[1] ~= '' and (ARGV[3] ~= 'stale' or not value[1] or now >= since + fresh) then
  local holder = redis.call('GET', KEYS[2])
  local free = not holder or string.sub(holder, 1, 1) == '!'
  if holder == ARGV[1] or (free and ARGV[3] ~= 'held') then
    redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
    leased = 1
  end
end
return { string.format('%.0f', now), leased, value[1] or '', value[2] or '', value[3] or '', value[4] or '' }`;

/** KEYS: value, lease. ARGV: token or nothing, text, since, fresh, what else, how long it is kept, how long no lease. */
export const WRITE: string = `${NOW}
if ARGV[1] ~= '' then
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('DEL', KEYS[2])
else
  redis.call('SET', KEYS[2], '!', 'PX', ARGV[7])
end
local left = math.floor(tonumber(ARGV[3]) + tonumber(ARGV[6]) - now)
redis.call('DEL', KEYS[1])
if left <= 0 then return 1 end
redis.call('HSET', KEYS[1], 't', ARGV[2], 's', ARGV[3], 'f', ARGV[4], 'm', ARGV[5])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left))
return 1`;

/** KEYS: lease. ARGV: token. */
export const RELEASE: string = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`;

/** KEYS: value, lease. ARGV: how long no lease. */
export const REMOVE: string = `
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], '!', 'PX', ARGV[1])
return 1`;

/** KEYS: stamp. ARGV: how long it is kept. Never earlier than the last: a clock that steps back forgets nothing. */
export const STAMP: string = `${NOW}
local last = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
redis.call('SET', KEYS[1], string.format('%.0f', math.max(now, last)), 'PX', ARGV[1])
return 1`;

/** KEYS: count, log. ARGV: channel, message, how many the log holds. */
export const PUBLISH: string = `
local count = redis.call('INCR', KEYS[1])
local text = count .. ' ' .. ARGV[2]
redis.call('LPUSH', KEYS[2], text)
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[3]) - 1)
redis.call('PUBLISH', ARGV[1], text)
return count`;
