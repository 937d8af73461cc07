import { script } from './script.ts';

/**
 * The first part of every script of a log: finds the log's epoch, or begins a new one.
 *
 * KEYS: 1 meta (a hash), 2 messages (a stream). ARGV: 1 feed, 2 the command that publishes to it, 3
 * an unused epoch, 4 and 5 epoch and head as the node knows them, 6 milliseconds for which an
 * unused log keeps its epoch, 7 the message id at the head that the node knows, if it is in doubt.
 *
 * Meta: `e` epoch, `h` head, `t` its time, `i` its id, `c` and `a` the retention of the latest
 * append, `o` a time that no kept message is older than. A head below one that this node has seen
 * means that Redis lost delivered messages, by a failover or a restart with older data: in the same
 * epoch their offsets would be reused for other messages. So the script begins a new epoch. It does
 * the same if another message is at the head that the node knows, because Redis has continued from
 * an older state.
 */
const LIFE = `
local function text(number) return string.format('%.0f', number) end
local meta = redis.call('HMGET', KEYS[1], 'e', 'h', 't', 'c', 'a', 'o', 'i')
local epoch, head, last = meta[1], tonumber(meta[2] or '0'), tonumber(meta[3] or '0')
local count, age = tonumber(meta[4] or '-1'), tonumber(meta[5] or '0')
local function begin()
  epoch, head, last, count, age, meta = ARGV[3], 0, 0, -1, 0, {}
  -- First of all what a full memory refuses: nothing is half done then.
  redis.call('HSET', KEYS[1], 'e', epoch, 'h', '0', 't', '0')
  redis.call('HDEL', KEYS[1], 'i', 'c', 'a', 'o')
  redis.call('DEL', KEYS[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  redis.call(ARGV[2], ARGV[1], '! ' .. epoch)
end
local function entryAt(offset) return redis.call('XRANGE', KEYS[2], text(offset), text(offset))[1] end
local function isAnother()
  if epoch ~= ARGV[4] then return false end
  local known = tonumber(ARGV[5])
  if head < known then return true end
  if ARGV[7] == '' then return false end
  local entry = entryAt(known)
  local id = entry and entry[2][4] or (head == known and meta[7])
  return id and id ~= ARGV[7]
end
if not epoch or isAnother() then begin() end
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
 * Appends: position, storage and announcement in one piece. KEYS: 3 what is remembered under the
 * idempotency key, if there is one. ARGV: 8 id, 9 time, 10 the rest of the message, 11 and 12 how
 * many are kept and for how long (-1: none), 13 window of the key, 14 by how long what expires in
 * Redis outlives what expires by the nodes' clocks, 15 the time by which things are too old: see
 * `AgeClock`.
 */
export const APPEND = script(
  LIFE,
  `
local now, old = tonumber(ARGV[9]), tonumber(ARGV[15])
if KEYS[3] then
  local seen = redis.call('GET', KEYS[3])
  if seen then
    local till, life, offset, id = string.match(seen, '^(%S+) (%S+) (%S+) (.*)$')
    if tonumber(till) > old then return {life, offset, id} end
  end
end
local time, kept = math.max(last, now), count
head, count, age = head + 1, tonumber(ARGV[11]), tonumber(ARGV[12])
local oldest = tonumber(meta[6] or text(time))
if count < 0 then
  if kept >= 0 then redis.call('DEL', KEYS[2]) end
  oldest = time
else
  redis.call('XADD', KEYS[2], 'MAXLEN', count, text(head) .. '-0', 't', text(time), 'i', ARGV[8], 'm', ARGV[10])
  if oldest < old - age then
    redis.call('XTRIM', KEYS[2], 'MINID', text(firstAt(old)))
    local entry = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
    oldest = entry and tonumber(entry[2][2]) or time
  end
  redis.call('PEXPIRE', KEYS[2], text(age + tonumber(ARGV[14])))
end
redis.call('HSET', KEYS[1], 'h', text(head), 't', text(time), 'i', ARGV[8], 'c', ARGV[11], 'a', ARGV[12], 'o', text(oldest))
-- The epoch lasts as long as a message, or a key that answers with it: never for less than it was promised before.
local keep = math.max(tonumber(ARGV[6]), age + tonumber(ARGV[14]))
if KEYS[3] then keep = math.max(keep, tonumber(ARGV[13]) + tonumber(ARGV[14])) end
if redis.call('PTTL', KEYS[1]) < keep then redis.call('PEXPIRE', KEYS[1], text(keep)) end
if KEYS[3] and tonumber(ARGV[13]) > 0 then
  local seen = text(now + tonumber(ARGV[13])) .. ' ' .. epoch .. ' ' .. text(head) .. ' ' .. ARGV[8]
  redis.call('SET', KEYS[3], seen, 'PX', text(tonumber(ARGV[13]) + tonumber(ARGV[14])))
end
redis.call(ARGV[2], ARGV[1], epoch .. ' ' .. text(head) .. ' ' .. text(time) .. ' ' .. ARGV[10])
return {epoch, text(head), ARGV[8]}`,
);

/** Reads a page. ARGV: 8 after, 9 limit, 10 now. */
export const READ = script(
  LIFE,
  `
local first, limit, entries = firstAt(tonumber(ARGV[10])), tonumber(ARGV[9]), {}
local start = math.max(tonumber(ARGV[8]) + 1, first)
if limit > 0 and start <= head then entries = redis.call('XRANGE', KEYS[2], text(start), '+', 'COUNT', limit) end
return {epoch, text(head), text(first), entries}`,
);

/** Finds the offset of the last message that is older. ARGV: 8 the time, 9 now. */
export const SEEK = script(LIFE, `return text(notOlder(firstAt(tonumber(ARGV[9])), head, tonumber(ARGV[8])) - 1)`);

/** The head of a log. Keeps the epoch of a watched log from expiring. */
export const VERIFY = script(
  LIFE,
  `
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
return {epoch, text(head)}`,
);
