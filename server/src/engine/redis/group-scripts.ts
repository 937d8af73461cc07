import { type GroupRef, MOST_DEAD, MOST_EXPIRED, MOST_GAPS } from '../groups.ts';
import type { Keys } from './shard.ts';

/** What a group has besides its position. */
const PARTS = ['entries', 'lines', 'flight', 'delayed', 'ready', 'open', 'fresh', 'dead'];

/** How many keys a group has. */
export const GROUP_KEYS = PARTS.length + 1;

/** All keys of a group: while a slot of a cluster moves, Redis refuses a script some of whose keys have moved. */
export const keysOfGroup = (keys: Keys, { channel, group }: GroupRef): readonly string[] =>
  ['group', ...PARTS].map((part) => keys.of(channel, `${part}:${group}`));

/**
 * The functions of a consumer group, after those of a log. They do what `GroupState` does for engines
 * in memory; `GroupStore` says what each operation means.
 *
 * Keys of a group, in this order: a hash (`e` and `n` epoch and offset of the newest
 * message that was read from the log, `o` ordinal of the latest dead letter, `p` gaps, `f` its fence,
 * `u` when it was used, `x` its expiry, `w` messages that have expired since the latest claim); `entries` (a hash by offset: the unsettled messages that were taken);
 * `lines` (a hash by order key: the last entry of each order; an entry names the ones before and
 * after it); the offsets of entries by phase, `flight` and `delayed` by the time when they are due,
 * `ready` by offset; `open` (the offsets of entries that are in the log, for the floor); `fresh` (the
 * offsets of entries that were not delivered yet, for a queue that is full); `dead` (a stream by
 * ordinal).
 *
 * Times are those of the nodes' clocks, as in all scripts of a log.
 */
export const GROUP = `
local MOST_DEAD, MOST_EXPIRED, MOST_GAPS, FULL_DELAY, VARIATION = ${MOST_DEAD}, ${MOST_EXPIRED}, ${MOST_GAPS}, 10000, 0.2
local PARTS = {${PARTS.map((part) => `'${part}'`).join(', ')}}
local function idOf(entry) return text(entry.offset) end

local function load(group, id)
  local packed = redis.call('HGET', group.entries, id)
  return packed and cmsgpack.unpack(packed)
end
local function save(group, entry) redis.call('HSET', group.entries, idOf(entry), cmsgpack.pack(entry)) end
-- Takes an entry from the index of its phase.
local function unlist(group, entry)
  if entry.phase and entry.phase ~= 'blocked' then redis.call('ZREM', group[entry.phase], idOf(entry)) end
end
local function setFresh(group, entry, fresh)
  if fresh == (entry.fresh or false) then return end
  entry.fresh = fresh or nil
  if fresh then redis.call('ZADD', group.fresh, idOf(entry), idOf(entry)) else redis.call('ZREM', group.fresh, idOf(entry)) end
end
local function move(group, entry, phase, due)
  unlist(group, entry)
  entry.phase, entry.due = phase, due
  setFresh(group, entry, entry.attempt == 0 and (phase == 'ready' or phase == 'blocked'))
  if phase ~= 'blocked' then redis.call('ZADD', group[phase], text(due or entry.offset), idOf(entry)) end
  save(group, entry)
end
local function makeReady(group, entry) move(group, entry, 'ready') end
-- Adds an entry to the end of its order. Returns whether it is the first there: then the caller moves it.
local function enter(group, entry)
  local id = idOf(entry)
  if not entry.content then
    group.next = math.max(group.next, entry.offset)
    redis.call('ZADD', group.open, id, id)
  end
  group.size = group.size + 1
  local last = entry.key and redis.call('HGET', group.lines, entry.key)
  if entry.key then redis.call('HSET', group.lines, entry.key, id) end
  if not last then return true end
  local before = load(group, last)
  before.following = entry.offset
  save(group, before)
  entry.before = before.offset
  move(group, entry, 'blocked')
  return false
end
-- Takes an entry out of the middle of its order, or from its end.
local function unlink(group, entry)
  local before = load(group, text(entry.before))
  before.following = entry.following
  save(group, before)
  if not entry.following then return redis.call('HSET', group.lines, entry.key, idOf(before)) end
  local after = load(group, text(entry.following))
  after.before = before.offset
  save(group, after)
end
-- The entry is settled: the next one of its order is ready.
local function finish(group, entry)
  unlist(group, entry)
  setFresh(group, entry, false)
  redis.call('HDEL', group.entries, idOf(entry))
  if not entry.content then redis.call('ZREM', group.open, idOf(entry)) end
  group.size = group.size - 1
  if not entry.key then return end
  if entry.phase == 'blocked' then return unlink(group, entry) end
  if entry.following then makeReady(group, load(group, text(entry.following))) else redis.call('HDEL', group.lines, entry.key) end
end
local function floorOf(group)
  local first = redis.call('ZRANGE', group.open, 0, 0)[1]
  return first and tonumber(first) - 1 or group.next
end
-- The smallest offset of a message that is not settled, of those with a copy, too.
local function oldestOf(group)
  local oldest = floorOf(group) + 1
  if redis.call('ZCARD', group.open) == group.size then return oldest end
  for _, id in ipairs(redis.call('HKEYS', group.entries)) do oldest = math.min(oldest, tonumber(id)) end
  return oldest
end
local function reset(group, next)
  for _, part in ipairs(PARTS) do if part ~= 'dead' then redis.call('DEL', group[part]) end end
  group.next, group.size = next, 0
end
local function gapOf(fromEpoch, from, toEpoch, to, purged)
  local lost = purged and 'purged' or 'retention'
  return {fromEpoch, from, toEpoch, to, fromEpoch == toEpoch and lost or 'epoch_changed'}
end
local function addGap(group, gap)
  table.insert(group.gaps, gap)
  if #group.gaps <= MOST_GAPS then return end
  local first, second = table.remove(group.gaps, 1), group.gaps[1]
  local from, to = first[2], second[4]
  if first[1] == second[1] then from = math.min(from, second[2]) end
  if first[3] == second[3] then to = math.max(to, first[4]) end
  group.gaps[1] = gapOf(first[1], from, second[3], to, first[5] == 'purged' and second[5] == 'purged')
end
-- Messages of the group's epoch are lost: one gap for those that follow each other and were lost in the same way.
local function addLost(log, group, from, to)
  local last, gap = group.gaps[#group.gaps], gapOf(group.epoch, from, group.epoch, to, from < log.purged)
  if last and last[5] == gap[5] and last[3] == group.epoch and last[4] == from then last[4] = to
  else addGap(group, gap) end
end

-- The position of a group that has these keys. A group that has expired is a new one.
local function find(keys, now)
  local base, group = keys[1], {base = keys[1]}
  for at, part in ipairs(PARTS) do group[part] = keys[at + 1] end
  local of = redis.call('HMGET', base, 'e', 'n', 'o', 'p', 'u', 'x', 'f')
  if of[6] and now >= tonumber(of[5]) + tonumber(of[6]) then
    reset(group, 0)
    redis.call('DEL', base, group.dead)
    of = {}
  end
  group.epoch, group.next, group.ordinal = of[1], tonumber(of[2]), tonumber(of[3] or '0')
  group.expires, group.fence = of[6], of[7] or ''
  group.gaps, group.size = of[4] and cmsgpack.unpack(of[4]) or {}, redis.call('HLEN', group.entries)
  return group
end
local function storePosition(group)
  redis.call('HSET', group.base, 'e', group.epoch, 'n', text(group.next), 'o', text(group.ordinal))
  if #group.gaps > 0 then redis.call('HSET', group.base, 'p', cmsgpack.pack(group.gaps)) else redis.call('HDEL', group.base, 'p') end
end
-- Adopts what has happened to the log, or begins where the options say: only an operation that uses the group creates it.
local function adopt(log, group, start)
  if not group.epoch then
    group.epoch, group.next = log.epoch, start == 'newest' and log.head or log.first - 1
    return
  end
  if group.epoch ~= log.epoch then
    addGap(group, gapOf(group.epoch, oldestOf(group) - 1, log.epoch, log.first - 1))
    group.epoch = log.epoch
    reset(group, log.first - 1)
    storePosition(group)
  elseif log.first > group.next + 1 then
    addLost(log, group, group.next, log.first - 1)
    group.next = log.first - 1
    storePosition(group)
  end
end
-- The messages of a queue leave the log when they and all before them are settled.
local function dropSettled(log, group) redis.call('XTRIM', log.messages, 'MINID', text(floorOf(group) + 1)) end

local function messageAt(log, offset)
  local found = offset >= log.first and offset <= log.head and entryAt(log, offset)
  return found and {time = found[2][2], content = found[2][6], tags = {unpack(found[2], 7)}}
end
-- Of a queue: the group keeps a message itself if more than \`most\` after it are settled.
local function detach(log, group, most)
  local floor = floorOf(group)
  while group.next - floor - redis.call('ZCARD', group.open) > most do
    local id = text(floor + 1)
    local entry, message = load(group, id), messageAt(log, floor + 1)
    if not entry or not message then return end
    entry.time, entry.content, entry.tags = message.time, message.content, message.tags
    save(group, entry)
    redis.call('ZREM', group.open, id)
    floor = floorOf(group)
  end
end
-- What is missing was lost by the log. An entry that was dead before has a copy.
local function messageOf(log, entry) return entry.content and entry or messageAt(log, entry.offset) end
-- It is at the end of the content, as \`writeContent\` has written it.
local function hasExpired(message, now)
  local expiry = string.match(string.sub(message.content, -40), ',"expiresAt":(%d+)}$')
  return expiry and tonumber(expiry) <= now
end
local function isFull(group) return redis.call('XLEN', group.dead) >= MOST_DEAD end
local function addLetter(group, message, letter)
  group.ordinal = group.ordinal + 1
  local fields = {'e', group.epoch, 'r', letter.reason, 'd', text(letter.deliveries), 't', text(letter.time),
    'o', text(letter.offset), 's', message.time, 'm', message.content}
  if letter.error then
    table.insert(fields, 'x')
    table.insert(fields, letter.error)
  end
  for at, part in ipairs(message.tags) do table.insert(fields, at % 2 == 1 and ':' .. part or part) end
  redis.call('XADD', group.dead, text(group.ordinal) .. '-0', unpack(fields))
end
`;

/**
 * Makes room for one more message in a queue: expired messages die first, then, if the rule says so,
 * the oldest one that was not delivered yet. A part of the script `APPEND`. Returns the length of a queue that is full.
 */
export const ADMIT = `
local function expireOldest(log, group, time)
  local expired = 0
  while expired < MOST_EXPIRED and group.next < log.head and not isFull(group) do
    local offset = group.next + 1
    local message = messageAt(log, offset)
    if not message or not hasExpired(message, old) then break end
    group.next = offset
    addLetter(group, message, {reason = 'expired', deliveries = 0, time = time, offset = offset})
    expired = expired + 1
  end
  if expired == 0 then return false end
  redis.call('HINCRBY', group.base, 'w', expired)
  storePosition(group)
  dropSettled(log, group)
  return true
end
local function admit(log, entry)
  local group = find(entry.group, old)
  log.first = firstAt(log, old)
  adopt(log, group, 'oldest')
  local length = log.head - group.next + group.size
  if length < entry.maxLength or expireOldest(log, group, entry.time) then return end
  if not entry.drops or isFull(group) then return length end
  local id = redis.call('ZRANGE', group.fresh, 0, 0)[1]
  local oldest = id and load(group, id) or {offset = group.next + 1}
  local message = messageOf(log, oldest)
  if not message and not id then return length end
  if message then
    addLetter(group, message, {reason = 'overflow', deliveries = 0, time = entry.time, offset = oldest.offset, error = oldest.error})
  else
    addLost(log, group, oldest.offset - 1, oldest.offset)
  end
  if id then finish(group, oldest) else group.next = oldest.offset end
  storePosition(group)
  dropSettled(log, group)
end
`;
