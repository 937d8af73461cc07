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
 * append, `o` a time that no kept message is older than. A head below one that this node has seen
 * means that Redis lost delivered messages, by a failover or a restart with older data: in the same
 * epoch their offsets would be reused for other messages. So the script begins a new epoch. It does
 * the same if another message is at the head that the node knows, because Redis has continued from
 * an older state.
 */
const LIFE = `
local function text(number) return string.format('%.0f', number) end
local function publish(log, news) redis.call(ARGV[1], string.sub(log.meta, 1, -5) .. 'feed', news) end
local function begin(log, epoch)
  log.epoch, log.head, log.last, log.count, log.age, log.oldest, log.id = epoch, 0, 0, -1, 0, nil, nil
  -- First of all what a full memory refuses: nothing is half done then.
  redis.call('HSET', log.meta, 'e', epoch, 'h', '0', 't', '0')
  redis.call('HDEL', log.meta, 'i', 'c', 'a', 'o')
  redis.call('DEL', log.messages)
  redis.call('PEXPIRE', log.meta, ARGV[2])
  publish(log, '! ' .. epoch)
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
  local of = redis.call('HMGET', meta, 'e', 'h', 't', 'c', 'a', 'o', 'i')
  local log = {meta = meta, messages = messages, epoch = of[1], id = of[7]}
  log.head, log.last = tonumber(of[2] or '0'), tonumber(of[3] or '0')
  log.count, log.age, log.oldest = tonumber(of[4] or '-1'), tonumber(of[5] or '0'), tonumber(of[6])
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

/**
 * Appends to any number of logs: position, storage and announcement in one piece.
 *
 * KEYS: of each log meta, messages, and what is remembered under the idempotency keys of its
 * entries. ARGV: 3 by how long what expires in Redis outlives what expires by the nodes' clocks, 4
 * the time by which things are too old: see `AgeClock`. Then for each log what `open` takes, with
 * the number of its entries; and for each of these `count age window time key length` (how many are
 * kept and for how long, -1: none; the window of the key; `1` if there is a key; the length of the
 * content in a node's units), its id, and its content.
 *
 * Answers for each entry `epoch offset id`, or `! error`: then nothing was appended to its log. If
 * nothing was appended at all, the script fails with the first error.
 */
export const APPEND = script(
  LIFE,
  `
local margin, old = tonumber(ARGV[3]), tonumber(ARGV[4])
local function readEntry(at)
  local count, age, window, time, key, length = string.match(ARGV[at], '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  local entry = {id = ARGV[at + 1], content = ARGV[at + 2], count = tonumber(count), age = tonumber(age)}
  entry.window, entry.time, entry.keyed, entry.length = tonumber(window), tonumber(time), key == '1', length
  return entry
end
local function recall(key)
  local seen = redis.call('GET', key)
  if not seen then return end
  local till, answer = string.match(seen, '^(%S+) (.*)$')
  return tonumber(till) > old and answer
end
local function remember(log, entry, answer)
  local keep = entry.window + margin
  redis.call('SET', entry.key, text(entry.time + entry.window) .. ' ' .. answer, 'PX', text(keep))
  log.keep = math.max(log.keep, keep)
end
local function append(log, entry)
  local kept = log.count
  log.head, log.last, log.id = log.head + 1, math.max(log.last, entry.time), entry.id
  log.count, log.age = entry.count, entry.age
  local offset, time = text(log.head), text(log.last)
  if log.count < 0 then
    if kept >= 0 then redis.call('DEL', log.messages) end
    log.oldest = log.last
  else
    redis.call('XADD', log.messages, 'MAXLEN', log.count, offset .. '-0', 't', time, 'i', entry.id, 'm', entry.content)
    log.oldest = log.oldest or log.last
  end
  table.insert(log.news, table.concat({log.epoch, offset, time, entry.length, entry.content}, ' '))
  local answer = log.epoch .. ' ' .. offset .. ' ' .. entry.id
  if entry.key and entry.window > 0 then remember(log, entry, answer) end
  return answer
end
local function trim(log)
  redis.call('XTRIM', log.messages, 'MINID', text(firstAt(log, old)))
  local entry = redis.call('XRANGE', log.messages, '-', '+', 'COUNT', 1)[1]
  log.oldest = entry and tonumber(entry[2][2]) or log.last
end
local function store(log)
  if log.count >= 0 then
    if log.oldest < old - log.age then trim(log) end
    redis.call('PEXPIRE', log.messages, text(log.age + margin))
  end
  redis.call('HSET', log.meta, 'h', text(log.head), 't', text(log.last), 'i', log.id,
    'c', text(log.count), 'a', text(log.age), 'o', text(log.oldest))
  -- The epoch lasts as long as a message, or a key that answers with it: never for less than it was promised before.
  local keep = math.max(log.keep, log.age + margin)
  if redis.call('PTTL', log.meta) < keep then redis.call('PEXPIRE', log.meta, text(keep)) end
  publish(log, table.concat(log.news, '\\n'))
end
-- Reads first, then writes: what a full memory refuses is the first write, and nothing fails after it.
local function appendAll(log, entries)
  local known, answers = {}, {}
  for _, entry in ipairs(entries) do if entry.key then known[entry.key] = recall(entry.key) end end
  log.news, log.keep = {}, tonumber(ARGV[2])
  for at, entry in ipairs(entries) do
    answers[at] = known[entry.key or ''] or append(log, entry)
    if entry.key and entry.window > 0 then known[entry.key] = answers[at] end
  end
  if #log.news > 0 then store(log) end
  return answers
end
-- The error's own text: old versions add where it was raised.
local function reasonOf(raised)
  local reason = type(raised) == 'table' and raised.err or raised
  return string.match(reason, ': %-(%u.*)') or reason
end
local answers, key, at, failure, done = {}, 1, 5, nil, false
while ARGV[at] do
  local meta, messages, entries = KEYS[key], KEYS[key + 1], {}
  key = key + 2
  for entry = 1, tonumber(string.match(ARGV[at], '%d+$')) do
    entries[entry] = readEntry(at + entry * 3 - 1)
    if entries[entry].keyed then entries[entry].key, key = KEYS[key], key + 1 end
  end
  local life, doubted = ARGV[at], ARGV[at + 1]
  local ok, result = pcall(function() return appendAll(open(meta, messages, life, doubted), entries) end)
  if ok then done = true else failure = failure or reasonOf(result) end
  for entry = 1, #entries do table.insert(answers, ok and result[entry] or '! ' .. reasonOf(result)) end
  at = at + 2 + #entries * 3
end
if failure and not done then return redis.error_reply(failure) end
return answers`,
);

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
return {log.epoch, text(log.head), text(first), entries}`,
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
if redis.call('PTTL', log.meta) < tonumber(ARGV[2]) then redis.call('PEXPIRE', log.meta, ARGV[2]) end
return {log.epoch, text(log.head)}`,
);
