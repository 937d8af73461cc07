import { script } from './script.ts';

/**
 * What every script of a log begins with: it finds the log's life, or begins a new one.
 *
 * KEYS: 1 meta (a hash), 2 messages (a stream). ARGV: 1 feed, 2 the command that publishes to it, 3 an epoch that nobody has used,
 * 4 and 5 epoch and head as the node knows them, 6 milliseconds for which an unused log keeps its epoch.
 *
 * Meta: `e` epoch, `h` head, `t` its time, `i` its id, `c` and `a` the retention of the latest append, `o` a time that no kept message is older
 * than. A head below one that this node has seen means that Redis lost messages which somebody has got, by a failover or a restart with older data: under
 * the same epoch their offsets would come again with other messages. So it begins a new one.
 */
const LIFE = `
local function text(number) return string.format('%.0f', number) end
local meta = redis.call('HMGET', KEYS[1], 'e', 'h', 't', 'c', 'a', 'o', 'i')
local epoch, head, last = meta[1], tonumber(meta[2] or '0'), tonumber(meta[3] or '0')
local count, age = tonumber(meta[4] or '-1'), tonumber(meta[5] or '0')
local function begin()
  redis.call('DEL', KEYS[1], KEYS[2])
  epoch, head, last, count, age, meta = ARGV[3], 0, 0, -1, 0, {}
  redis.call('HSET', KEYS[1], 'e', epoch, 'h', '0', 't', '0')
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  redis.call(ARGV[2], ARGV[1], '! ' .. epoch)
end
if not epoch or (epoch == ARGV[4] and head < tonumber(ARGV[5])) then begin() end
local function entryAt(offset) return redis.call('XRANGE', KEYS[2], text(offset), text(offset))[1] end
local function offsetOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
-- Times never run backwards within a log: the first message from low to high that is not older, by halving; high + 1 where all are.
local function notOlder(low, high, time)
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local entry = entryAt(middle)
    if not entry or tonumber(entry[2][2]) < time then low = middle + 1 else high = middle - 1 end
  end
  return low
end
-- Of the oldest message that retention covers at that time; head + 1 where it covers none.
local function firstAt(now)
  if count < 0 then return head + 1 end
  local entry = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  if not entry then return head + 1 end
  if tonumber(entry[2][2]) >= now - age then return offsetOf(entry) end
  return notOlder(offsetOf(entry) + 1, head, now - age)
end
`;

/**
 * Appends: position, storage and announcement in one piece. KEYS: 3 what is remembered under the idempotency key, if there is one.
 * ARGV: 7 id, 8 time, 9 the rest of the message, 10 and 11 how many are kept and for how long (-1: none), 12 window of the key,
 * 13 by how long what expires in Redis outlives what expires by the nodes' clocks.
 */
export const APPEND = script(
  LIFE,
  `
local now = tonumber(ARGV[8])
if KEYS[3] then
  local seen = redis.call('GET', KEYS[3])
  if seen then
    local till, life, offset, id = string.match(seen, '^(%S+) (%S+) (%S+) (.*)$')
    if tonumber(till) > now then return {life, offset, id} end
  end
end
local time, kept = math.max(last, now), count
head, count, age = head + 1, tonumber(ARGV[10]), tonumber(ARGV[11])
local oldest = tonumber(meta[6] or text(time))
if count < 0 then
  if kept >= 0 then redis.call('DEL', KEYS[2]) end
  oldest = time
else
  redis.call('XADD', KEYS[2], 'MAXLEN', count, text(head) .. '-0', 't', text(time), 'i', ARGV[7], 'm', ARGV[9])
  if oldest < time - age then
    redis.call('XTRIM', KEYS[2], 'MINID', text(firstAt(time)))
    local entry = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
    oldest = entry and tonumber(entry[2][2]) or time
  end
  redis.call('PEXPIRE', KEYS[2], text(age + tonumber(ARGV[13])))
end
redis.call('HSET', KEYS[1], 'h', text(head), 't', text(time), 'i', ARGV[7], 'c', ARGV[10], 'a', ARGV[11], 'o', text(oldest))
redis.call('PEXPIRE', KEYS[1], text(math.max(tonumber(ARGV[6]), age + tonumber(ARGV[13]))))
if KEYS[3] and tonumber(ARGV[12]) > 0 then
  local seen = text(now + tonumber(ARGV[12])) .. ' ' .. epoch .. ' ' .. text(head) .. ' ' .. ARGV[7]
  redis.call('SET', KEYS[3], seen, 'PX', text(tonumber(ARGV[12]) + tonumber(ARGV[13])))
end
redis.call(ARGV[2], ARGV[1], epoch .. ' ' .. text(head) .. ' ' .. text(time) .. ' ' .. ARGV[9])
return {epoch, text(head), ARGV[7]}`,
);

/** Reads a page. ARGV: 7 after, 8 limit, 9 now. */
export const READ = script(
  LIFE,
  `
local first, limit, entries = firstAt(tonumber(ARGV[9])), tonumber(ARGV[8]), {}
local start = math.max(tonumber(ARGV[7]) + 1, first)
if limit > 0 and start <= head then entries = redis.call('XRANGE', KEYS[2], text(start), '+', 'COUNT', limit) end
return {epoch, text(head), text(first), entries}`,
);

/** Finds the offset of the last message that is older. ARGV: 7 the time, 8 now. */
export const SEEK = script(LIFE, `return text(notOlder(firstAt(tonumber(ARGV[8])), head, tonumber(ARGV[7])) - 1)`);

/**
 * Is the log still the one that this node knows? Where another message stands at the head that it knows, Redis has lost that one and gone on
 * from an older state: a new life begins. Keeps the epoch of a watched log from expiring. ARGV: 7 the id at that head; empty: not known.
 */
export const VERIFY = script(
  LIFE,
  `
local known = tonumber(ARGV[5])
if epoch == ARGV[4] and known > 0 and ARGV[7] ~= '' then
  local entry = entryAt(known)
  local id = entry and entry[2][4] or (head == known and meta[7])
  if id and id ~= ARGV[7] then begin() end
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
return {epoch, text(head)}`,
);
