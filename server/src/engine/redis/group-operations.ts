import { GROUP } from './group-scripts.ts';
import { LIFE } from './log-scripts.ts';
import { script } from './script.ts';

/**
 * The first part of every operation on a group.
 *
 * KEYS: 1 and 2 the log, 3… the group. ARGV: 3 and 4 what `open` takes, 5 the time by which things are
 * due, 6 the time of day, 7 `ackTimeout maxDeliveries maxUnacked start queue expires seed maxSettled`, 8 the order
 * (empty: none, `*`: strict, `:tag`), 9 the backoffs, each followed by a comma. What an operation
 * takes begins at 10.
 */
const OPERATION = `
local now, time = tonumber(ARGV[5]), tonumber(ARGV[6])
local options = {order = ARGV[8], backoff = {}}
do
  local given = {}
  for word in string.gmatch(ARGV[7], '%S+') do table.insert(given, word) end
  options.ackTimeout, options.maxDeliveries, options.maxUnacked = tonumber(given[1]), tonumber(given[2]), tonumber(given[3])
  options.start, options.queue, options.expires = given[4], given[5] == 'queue', tonumber(given[6])
  math.randomseed(tonumber(given[7]))
  options.maxSettled = tonumber(given[8])
  for wait in string.gmatch(ARGV[9], '[^,]+') do table.insert(options.backoff, tonumber(wait)) end
end
local log = open(KEYS[1], KEYS[2], ARGV[3], ARGV[4])
log.first = firstAt(log, now)
local group = find({unpack(KEYS, 3)}, now)

-- Keeps a log as long as it has groups that do not expire.
local function keepLog()
  if not log.groups then redis.call('HSET', log.meta, 'g', '1') end
  if options.expires < 0 then redis.call('PERSIST', log.meta) else keepEpoch(log, options.expires) end
end
-- What expires by the nodes' clocks comes first: see \`find\`.
local function keepGroup()
  local expires = options.expires >= 0
  if not expires and not group.expires then return end
  if expires then redis.call('HSET', group.base, 'u', text(now), 'x', text(options.expires)) else redis.call('HDEL', group.base, 'x') end
  local function keep(key)
    if expires then redis.call('PEXPIRE', key, text(options.expires + 60000)) else redis.call('PERSIST', key) end
  end
  keep(group.base)
  for _, part in ipairs(PARTS) do keep(group[part]) end
end
-- Ends every operation that uses the group.
local function store()
  storePosition(group)
  keepLog()
  keepGroup()
  if options.queue then
    detach(log, group, options.maxSettled)
    dropSettled(log, group)
  end
end
-- Tells the nodes that something may have become claimable. Its name follows the part that it has in common with the log's key, and "group:".
local function announce() publish(log, 'groups', string.sub(group.base, #log.meta + 3)) end

local function backoffOf(entry)
  local wait = options.backoff[math.min(entry.attempt, #options.backoff)] or 0
  return math.floor(wait * (1 + VARIATION * (2 * math.random() - 1)))
end
local function delay(entry, due)
  if due <= now then makeReady(group, entry) else move(group, entry, 'delayed', due) end
end
local function lose(entry)
  addLost(log, group, entry.offset - 1, entry.offset)
  finish(group, entry)
end
local function die(entry, reason)
  if isFull(group) then return delay(entry, now + math.max(FULL_DELAY, backoffOf(entry))) end
  local message = messageOf(log, entry)
  if not message then return lose(entry) end
  local letter = {reason = reason, deliveries = entry.attempt, time = time, offset = entry.offset, error = entry.error}
  addLetter(group, message, letter)
  finish(group, entry)
end
-- A delivery failed at a time: the message dies, or is ready again after the wait, by default its backoff.
local function retry(entry, from, wait)
  if options.maxDeliveries > 0 and entry.attempt >= options.maxDeliveries then return die(entry, 'max_deliveries') end
  delay(entry, from + (wait or backoffOf(entry)))
end
local function orderKeyOf(message)
  if options.order == '*' then return '' end
  local tag = string.sub(options.order, 2)
  for at = 1, #message.tags, 2 do if message.tags[at] == tag then return message.tags[at + 1] end end
end
`;

const ADOPT = 'adopt(log, group, options.start)';

const operation = (...pieces: readonly string[]) => script(LIFE, GROUP, OPERATION, ...pieces);

/** Sets the fence of a group, and ends its deliveries and delays. ARGV: 10 the fence. */
export const FENCE = operation(
  ADOPT,
  `
redis.call('HSET', group.base, 'f', ARGV[10])
for _, part in ipairs({'flight', 'delayed'}) do
  for _, id in ipairs(redis.call('ZRANGE', group[part], 0, -1)) do
    local entry = load(group, id)
    if part == 'flight' then entry.attempt = entry.attempt - 1 end
    makeReady(group, entry)
  end
end
store()
announce()`,
);

/**
 * Claims. ARGV: 10 token, 11 maximum of deliveries, 12 characters after which the claim ends, 13 the
 * fence, or empty.
 *
 * Answers epoch, wait, dead letters, gaps (packed), a list that has for each delivery offset, attempt,
 * time and content, then the numbers of messages that have expired and that were dropped; 1 follows if
 * the group has another fence.
 */
export const CLAIM = operation(
  ADOPT,
  `
if ARGV[13] ~= group.fence then return {group.epoch, text(options.ackTimeout), 0, {}, {}, 0, 0, 1} end
-- Looked at in one call: enough to be quick, few enough not to hold up the server.
local MOST_STEPS = 2000
local token, most, mostLength, steps = ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12]), 0
local function handleDue()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', group.flight, '-inf', text(now), 'LIMIT', 0, MOST_STEPS)) do
    local entry = load(group, id)
    retry(entry, entry.due)
    steps = steps + 1
  end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', group.delayed, '-inf', text(now), 'LIMIT', 0, MOST_STEPS)) do
    makeReady(group, load(group, id))
    steps = steps + 1
  end
end
local function takeReady()
  local id = redis.call('ZRANGE', group.ready, 0, 0)[1]
  return id and load(group, id)
end
-- Takes the next message from the log that its order allows to deliver.
local function takeFresh()
  while group.next < log.head and group.size < options.maxUnacked and steps < MOST_STEPS do
    if options.order == '*' and redis.call('HEXISTS', group.lines, '') == 1 then return end
    local entry = {offset = group.next + 1, attempt = 0}
    local message = messageAt(log, entry.offset)
    entry.key = options.order ~= '' and message and orderKeyOf(message)
    if enter(group, entry) then return entry, message end
    steps = steps + 1
  end
end
local function deliver(answer, entry, message)
  entry.attempt, entry.token = entry.attempt + 1, token
  move(group, entry, 'flight', now + options.ackTimeout)
  for _, part in ipairs({text(entry.offset), text(entry.attempt), message.time, message.content}) do table.insert(answer, part) end
end
local function nextDue()
  local due = math.huge
  for _, part in ipairs({'flight', 'delayed'}) do
    local first = redis.call('ZRANGE', group[part], 0, 0, 'WITHSCORES')
    if first[2] then due = math.min(due, tonumber(first[2])) end
  end
  return due
end
handleDue()
-- The characters of a message as JSON, as a node counts them: two for each code point of four bytes.
local function lengthOf(entry, message)
  local length = #message.content
  if string.find(message.content, '[\\128-\\255]') then
    local _, continued = string.gsub(message.content, '[\\128-\\191]', '')
    local _, pairs = string.gsub(message.content, '[\\240-\\247]', '')
    length = length - continued + pairs
  end
  return length + #',"time":,"offset":' + #message.time + #idOf(entry)
end
local overdue, dropped = tonumber(redis.call('HGET', group.base, 'w') or '0'), 0
if overdue > 0 then redis.call('HDEL', group.base, 'w') end
-- It must not be delivered any more: it dies, or is dropped if the dead list is full.
local function expire(entry, message)
  overdue = overdue + 1
  if isFull(group) then
    dropped = dropped + 1
  else
    local letter = {reason = 'expired', deliveries = entry.attempt, time = time, offset = entry.offset, error = entry.error}
    addLetter(group, message, letter)
  end
  finish(group, entry)
end
local deliveries, count, length = {}, 0, 0
while count < most and length < mostLength and overdue < MOST_EXPIRED do
  local entry, message = takeReady(), nil
  if not entry then entry, message = takeFresh() end
  if not entry then break end
  message = message or messageOf(log, entry)
  if not message then
    lose(entry)
  elseif hasExpired(message, now) then
    expire(entry, message)
  else
    deliver(deliveries, entry, message)
    count, length = count + 1, length + lengthOf(entry, message)
  end
end
local gaps = {}
for _, gap in ipairs(group.gaps) do
  table.insert(gaps, table.concat({gap[1], text(gap[2]), gap[3], text(gap[4]), gap[5]}, ' '))
end
store()
local wait = (steps >= MOST_STEPS or overdue >= MOST_EXPIRED) and 0 or math.max(0, math.min(options.ackTimeout, nextDue() - now))
return {group.epoch, text(wait), redis.call('XLEN', group.dead), gaps, deliveries, overdue, dropped}`,
);

/**
 * Settles deliveries. ARGV: 10 outcome, 11 delay or grace (empty: none), 12 the error after a colon, or
 * empty; then for each delivery offset, token and epoch.
 *
 * Answers the number of dead letters, and a list: for each delivery 1 if it was in flight.
 */
export const SETTLE_GROUP = operation(
  ADOPT,
  `
local outcome, wait, failure = ARGV[10], tonumber(ARGV[11]), ARGV[12]
local wasFull = group.size >= options.maxUnacked
local function deliveryOf(at)
  local entry = ARGV[at + 2] == group.epoch and load(group, ARGV[at])
  return entry and entry.phase == 'flight' and entry.token == ARGV[at + 1] and entry.due > now and entry
end
local function apply(entry)
  if failure ~= '' then entry.error = string.sub(failure, 2) end
  if outcome == 'ack' then finish(group, entry)
  elseif outcome == 'nack' then retry(entry, now, wait)
  elseif outcome == 'reject' then die(entry, 'rejected')
  elseif outcome == 'return' then
    entry.attempt = entry.attempt - 1
    makeReady(group, entry)
  elseif outcome == 'extend' then move(group, entry, 'flight', math.max(entry.due, now + options.ackTimeout))
  else move(group, entry, 'flight', math.min(entry.due, now + wait)) end
end
local accepted, used = {}, false
for at = 13, #ARGV, 3 do
  local entry = deliveryOf(at)
  if entry then apply(entry) end
  used = used or entry
  table.insert(accepted, entry and 1 or 0)
end
store()
-- An acknowledgement only lets others go on where they wait for it.
local gives = outcome == 'nack' or outcome == 'return' or outcome == 'release' or (outcome ~= 'extend' and (wasFull or options.order ~= ''))
if used and gives then announce() end
return {redis.call('XLEN', group.dead), accepted}`,
);

/** Confirms gaps. ARGV: 10… for each gap its epochs and offsets: from, to. */
export const CONFIRM_GAPS = operation(`
-- What remains of a gap without the one at a place of the arguments, which must begin where it does.
local function without(gap, at)
  local fromEpoch, from, toEpoch, to = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2], tonumber(ARGV[at + 3])
  if gap[1] ~= fromEpoch or gap[2] ~= from then return gap end
  if gap[3] ~= toEpoch or gap[4] > to then return gapOf(toEpoch, to, gap[3], gap[4], gap[5] == 'purged') end
end
if group.epoch and #group.gaps > 0 then
  local rest = {}
  for _, gap in ipairs(group.gaps) do
    for at = 10, #ARGV, 4 do gap = gap and without(gap, at) end
    if gap then table.insert(rest, gap) end
  end
  group.gaps = rest
  storePosition(group)
end`);

/**
 * The numbers of a group. What is due and waits for the next claim to be handled is neither in flight
 * nor delayed any more. Answers epoch, floor, head, ready, in flight, delayed, dead, and
 * the oldest time or nothing.
 */
export const STATS = operation(
  ADOPT,
  `
local function countUntil(part) return redis.call('ZCOUNT', group[part], '(' .. text(now), '+inf') end
local floor, flight, delayed = floorOf(group), countUntil('flight'), countUntil('delayed')
local first = oldestOf(group)
local kept = first <= floor and load(group, text(first))
local oldest = kept or messageAt(log, first)
return {group.epoch, text(floor), text(log.head), text(log.head - group.next + group.size - flight - delayed),
  flight, delayed, redis.call('XLEN', group.dead), oldest and oldest.time}`,
);

/** Moves a group. ARGV: 10 offset. Answers epoch and offset. */
export const MOVE = operation(
  ADOPT,
  `
local offsets = {}
for _, id in ipairs(redis.call('HKEYS', group.entries)) do table.insert(offsets, tonumber(id)) end
table.sort(offsets)
for _, offset in ipairs(offsets) do
  if offset > tonumber(ARGV[10]) and offset < log.first then addLost(log, group, offset - 1, offset) end
end
reset(group, math.min(math.max(tonumber(ARGV[10]), log.first - 1), log.head))
store()
announce()
return {group.epoch, text(group.next)}`,
);

/** Reads dead letters. ARGV: 10 after, 11 limit. Answers their number, and the entries of the stream. */
export const DEAD = operation(`
return {redis.call('XLEN', group.dead),
  redis.call('XRANGE', group.dead, '(' .. ARGV[10] .. '-0', '+', 'COUNT', ARGV[11])}`);

/** Removes dead letters. ARGV: 10… ordinals. Answers how many. */
export const BURY = operation(`
local buried = 0
for at = 10, #ARGV do buried = buried + redis.call('XDEL', group.dead, ARGV[at] .. '-0') end
return buried`);

/**
 * Makes dead letters ready again. ARGV: 10… ordinals; or `*`, the place in the stream to start after,
 * and the maximum. Answers how many, and for `*` the place of the last one, empty if there was none.
 */
export const REDRIVE = operation(
  ADOPT,
  `
local redriven = 0
-- A letter stays dead if it died in another epoch, or if the group was moved back before its offset.
local function redrive(letter)
  local of, tags = {}, {}
  for at = 1, #letter[2], 2 do
    local name, value = letter[2][at], letter[2][at + 1]
    if string.sub(name, 1, 1) == ':' then
      table.insert(tags, string.sub(name, 2))
      table.insert(tags, value)
    else
      of[name] = value
    end
  end
  -- A message that is given back has another chance, however late.
  local content = string.gsub(of.m, ',"expiresAt":%d+}$', '}')
  local entry = {offset = tonumber(of.o), attempt = 0, time = of.s, content = content, tags = tags}
  local isSettled = entry.offset <= group.next and redis.call('HEXISTS', group.entries, of.o) == 0
  if of.e ~= group.epoch or not isSettled then return end
  redis.call('XDEL', group.dead, letter[1])
  entry.key = options.order ~= '' and orderKeyOf(entry)
  if enter(group, entry) then makeReady(group, entry) end
  redriven = redriven + 1
end
local last = ''
if ARGV[10] == '*' then
  for _, letter in ipairs(redis.call('XRANGE', group.dead, '(' .. ARGV[11], '+', 'COUNT', ARGV[12])) do
    redrive(letter)
    last = letter[1]
  end
else
  for at = 10, #ARGV do
    local letter = redis.call('XRANGE', group.dead, ARGV[at] .. '-0', ARGV[at] .. '-0')[1]
    if letter then redrive(letter) end
  end
end
store()
if redriven > 0 then announce() end
return {redriven, last}`,
);

/** From now on appends are announced to the groups of the log. */
export const WATCH = operation(`
if not log.groups then redis.call('HSET', log.meta, 'g', '1') end`);

/** Its consumers are there, though they claim nothing: the group does not expire. */
export const RENEW = operation(`
if group.epoch and options.expires >= 0 then
  keepLog()
  keepGroup()
end`);
