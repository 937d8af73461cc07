import { script } from './script.ts';

/**
 * The first part of every script of a log: opens a log, and so finds its epoch or begins a new one.
 *
 * ARGV: 1 the command that publishes to a feed, 2 milliseconds for which an unused log keeps its
 * epoch. `open` takes the keys of a log, meta (a hash) and messages (a stream); what the node knows
 * of it as one text, `next epoch head`: an unused epoch, and epoch (`-`: none) and head; and, if
 * that head is in doubt, the message id there.
 *
 * Meta: `e` epoch, `h` head, `t` its time, `i` its id, `c` and `a` the retention of the latest
 * append, `o` a time that no kept message is older than, `g` set: it has consumer groups, `u` the offset up to which messages were purged. A head below one that this node has seen
 * means that Redis lost delivered messages, by a failover or a restart with older data: in the same
 * epoch their offsets would be reused for other messages. So the script begins a new epoch. It does
 * the same if another message is at the head that the node knows, because Redis has continued from
 * an older state.
 */
export const LIFE = `
local call = redis.call
local function text(number) return string.format('%.0f', number) end
local function publish(log, feed, news) redis.call(ARGV[1], string.sub(log.meta, 1, -5) .. feed, news) end
-- For never less than it was promised before. What does not expire at all stays so.
local function keepEpoch(log, keep)
  local left = redis.call('PTTL', log.meta)
  if left >= 0 and left < keep then redis.call('PEXPIRE', log.meta, text(keep)) end
end
local function begin(log, epoch)
  log.epoch, log.head, log.last, log.count, log.age, log.oldest, log.id, log.purged = epoch, 0, 0, -1, 0, nil, nil, 0
  -- First of all what a full memory refuses: nothing is half done then.
  redis.call('HSET', log.meta, 'e', epoch, 'h', '0', 't', '0')
  redis.call('HDEL', log.meta, 'i', 'c', 'a', 'o', 'u')
  redis.call('DEL', log.messages)
  if not log.groups then redis.call('PEXPIRE', log.meta, ARGV[2]) end
  publish(log, 'feed', '! ' .. epoch)
end
local function entryAt(log, offset)
  return redis.call('XRANGE', log.messages, text(offset), text(offset))[1]
end
local function isAnother(log, epoch, known, doubted)
  if log.epoch ~= epoch then return false end
  if log.head < known then return true end
  if doubted == '' then return false end
  local entry = entryAt(log, known)
  local id = entry and entry[2][4] or (log.head == known and log.id)
  return id and id ~= doubted
end
local function open(meta, messages, life, doubted)
  local of = call('HMGET', meta, 'e', 'h', 't', 'c', 'a', 'o', 'i', 'g', 'u')
  local log = {meta = meta, messages = messages, epoch = of[1], id = of[7], groups = of[8], news = {}, keep = tonumber(ARGV[2]),
    head = tonumber(of[2] or 0), last = tonumber(of[3] or 0), count = tonumber(of[4] or -1), age = tonumber(of[5] or 0),
    oldest = tonumber(of[6]), purged = tonumber(of[9] or 0)}
  local next, epoch, known = string.match(life, '^(%S+) (%S+) (%S+)')
  if not log.epoch or isAnother(log, epoch, tonumber(known), doubted) then begin(log, next) end
  return log
end
local function offsetOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
-- Times never run backwards within a log: the first message from low to high that is not older, by halving; high + 1 where all are.
local function notOlder(log, low, high, time)
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local entry = entryAt(log, middle)
    if not entry or tonumber(entry[2][2]) < time then low = middle + 1 else high = middle - 1 end
  end
  return low
end
-- Of the oldest message that retention covers at that time; head + 1 where it covers none.
local function firstAt(log, now)
  if log.count < 0 then return log.head + 1 end
  local entry = redis.call('XRANGE', log.messages, '-', '+', 'COUNT', 1)[1]
  if not entry then return log.head + 1 end
  if tonumber(entry[2][2]) >= now - log.age then return offsetOf(entry) end
  return notOlder(log, offsetOf(entry) + 1, log.head, now - log.age)
end
`;

/** Opens the one log of a script. ARGV: 3 and 4 what `open` takes. */
const ONE = 'local log = open(KEYS[1], KEYS[2], ARGV[3], ARGV[4])';

/** Reads a page. ARGV: 5 after, 6 limit, 7 now. */
export const READ = script(
  LIFE,
  ONE,
  `
local first, limit, entries = firstAt(log, tonumber(ARGV[7])), tonumber(ARGV[6]), {}
local start = math.max(tonumber(ARGV[5]) + 1, first)
if limit > 0 and start <= log.head then
  entries = redis.call('XRANGE', log.messages, text(start), '+', 'COUNT', limit)
end
return {log.epoch, text(log.head), text(first), entries, text(log.purged)}`,
);

/** Removes all messages up to an offset. ARGV: 5 the offset. */
export const PURGE = script(
  LIFE,
  ONE,
  `
local last = math.min(tonumber(ARGV[5]), log.head)
if last > log.purged then
  redis.call('HSET', log.meta, 'u', text(last))
  redis.call('XTRIM', log.messages, 'MINID', text(last + 1))
end`,
);

/** Estimates the bytes of the messages from some of them. ARGV: 5 how many, 6 now. */
export const WEIGH = script(
  LIFE,
  ONE,
  `
local first, most, sum, weighed = firstAt(log, tonumber(ARGV[6])), tonumber(ARGV[5]), 0, 0
local count = log.head - first + 1
local step = math.max(1, count / most)
for at = 0, math.min(count, most) - 1 do
  local entry = entryAt(log, first + math.floor(at * step))
  if entry then sum, weighed = sum + #entry[2][6], weighed + 1 end
end
return text(weighed == 0 and 0 or math.floor(sum / weighed * count + 0.5))`,
);

/** Finds the offset of the last message that is older. ARGV: 5 the time, 6 now. */
export const SEEK = script(
  LIFE,
  ONE,
  'return text(notOlder(log, firstAt(log, tonumber(ARGV[6])), log.head, tonumber(ARGV[5])) - 1)',
);

/** The head of a log. Keeps the epoch of a watched log from expiring. */
export const VERIFY = script(
  LIFE,
  ONE,
  `
keepEpoch(log, tonumber(ARGV[2]))
return {log.epoch, text(log.head)}`,
);
