import { ADMIT, GROUP, GROUP_KEYS } from './group-scripts.ts';
import { LIFE } from './log-scripts.ts';
import { script } from './script.ts';

/**
 * Appends to any number of logs: position, storage and announcement in one piece.
 *
 * KEYS: of each log meta, messages, and for its entries what is remembered under the idempotency key,
 * and the keys of the queue's group. ARGV: 3 by how long what expires in Redis outlives what expires by the
 * nodes' clocks, 4 the time by which things are too old: see `AgeClock`. Then for each log what `open`
 * takes, and the number of its entries; and for each of these its settings, its id, its content, and
 * its tags, names and values in turn, and the head that it expects, offset and perhaps epoch. The
 * settings are a list, `count age window time length tags key queue head`:
 * how many are kept and for how long (-1: none), the window of the key, the length of the content in a
 * node's units, the number of tags, `1` if there is a key, `2` if it is that of a source, `3` if a repeat renews the key, and the maximum length of a
 * queue (0: it is none; negative: the oldest message makes room), and how many words the expected head has. The last
 * argument of an entry from a source is its position; its key holds the highest one.
 *
 * Answers for each entry `epoch offset id`, `? length` if the queue is full or was for an entry before, `~ offset epoch` if the head is elsewhere, or `! error`: then
 * nothing was appended to its log. If all logs fail, the script fails with the first error.
 */
const BEGIN = 'local margin, old, admit = tonumber(ARGV[3]), tonumber(ARGV[4]), nil';

const REST = `
-- The next of the keys and of the arguments.
local keysRead, argumentsRead = 0, 4
local function nextKey()
  keysRead = keysRead + 1
  return KEYS[keysRead]
end
local function nextArgument()
  argumentsRead = argumentsRead + 1
  return ARGV[argumentsRead]
end
local NO_TAGS = {}
-- All fields at once: a table that grows is made anew.
local function readEntry()
  local count, age, window, time, length, tags, keyed, bound, head = unpack(cjson.decode(nextArgument()))
  local entry = {id = nextArgument(), content = nextArgument(), count = count, age = age, window = window, time = time,
    length = length, tags = NO_TAGS, key = false, renews = keyed == 3, group = false, expected = false, epoch = false, position = false}
  if tags > 0 then entry.tags = {} end
  for tag = 1, tags * 2 do entry.tags[tag] = nextArgument() end
  if head > 0 then entry.expected = tonumber(nextArgument()) end
  if head == 2 then entry.epoch = nextArgument() end
  if keyed > 0 then entry.key = nextKey() end
  if keyed == 2 then entry.position = nextArgument() end
  if bound ~= 0 then
    entry.group, entry.maxLength, entry.drops = {}, math.abs(bound), bound < 0
    for key = 1, ${GROUP_KEYS} do entry.group[key] = nextKey() end
  end
  return entry
end
local function recall(key)
  local seen = redis.call('GET', key)
  if not seen then return end
  local till, answer = string.match(seen, '^(%S+) (.*)$')
  return tonumber(till) > old and answer
end
-- The answer to the latest append of a source if it has reached the position: by length, then as text.
local function reached(stored, position)
  local highest, answer = string.match(stored, '^(%d+) (.*)$')
  local longer = #highest - #position
  return (longer > 0 or (longer == 0 and position <= highest)) and answer
end
local function repeated(stored, entry)
  if not stored or not entry.position then return stored end
  return reached(stored, entry.position)
end
local function remember(log, entry, answer)
  local keep = entry.window + margin
  local stored = entry.position and entry.position .. ' ' .. answer or answer
  call('SET', entry.key, text(entry.time + entry.window) .. ' ' .. stored, 'PX', keep)
  log.keep = math.max(log.keep, keep)
  return stored
end
-- For never less than it was promised before.
local function renew(log, entry, answer)
  local till = string.match(redis.call('GET', entry.key) or '', '^%S+')
  if till and tonumber(till) >= entry.time + entry.window then return end
  remember(log, entry, answer)
  keepEpoch(log, log.keep)
end
local function isElsewhere(log, entry)
  return entry.expected and (entry.expected ~= log.head or (entry.epoch and entry.epoch ~= log.epoch))
end
local function append(log, entry)
  if isElsewhere(log, entry) then return '~ ' .. text(log.head) .. ' ' .. log.epoch end
  local length = entry.group and admit(log, entry)
  if length then return '? ' .. text(length) end
  local kept = log.count
  log.head, log.last, log.id = log.head + 1, math.max(log.last, entry.time), entry.id
  log.count, log.age = entry.count, entry.age
  local offset, time = text(log.head), text(log.last)
  if log.count < 0 then
    if kept >= 0 then call('DEL', log.messages) end
    log.oldest = log.last
  else
    call('XADD', log.messages, 'MAXLEN', log.count, offset .. '-0', 't', time, 'i', entry.id, 'm', entry.content,
      unpack(entry.tags))
    log.oldest = log.oldest or log.last
  end
  local place = log.epoch .. ' ' .. offset .. ' '
  log.news[#log.news + 1] = place .. time .. ' ' .. entry.length .. ' ' .. entry.content
  local answer = place .. entry.id
  return answer, entry.key and entry.window > 0 and remember(log, entry, answer)
end
local function trim(log)
  redis.call('XTRIM', log.messages, 'MINID', text(firstAt(log, old)))
  local entry = redis.call('XRANGE', log.messages, '-', '+', 'COUNT', 1)[1]
  log.oldest = entry and tonumber(entry[2][2]) or log.last
end
local function store(log)
  if log.count >= 0 then
    if log.oldest < old - log.age then trim(log) end
    call('PEXPIRE', log.messages, log.age + margin)
  end
  call('HSET', log.meta, 'h', log.head, 't', log.last, 'i', log.id, 'c', log.count, 'a', log.age, 'o', log.oldest)
  -- The epoch lasts as long as a message, or a key that answers with it.
  keepEpoch(log, math.max(log.keep, log.age + margin))
  publish(log, 'feed', table.concat(log.news, '\\n'))
  if log.groups then publish(log, 'groups', '') end
end
-- Reads first, then writes: what a full memory refuses is the first write, and nothing fails after it.
local function appendAll(meta, messages, life, doubted, entries)
  local log, known, answers, full = open(meta, messages, life, doubted), {}, {}, nil
  for _, entry in ipairs(entries) do if entry.key then known[entry.key] = recall(entry.key) end end
  for at, entry in ipairs(entries) do
    local answer, stored = repeated(known[entry.key or ''], entry)
    if full then answer = full
    elseif not answer then answer, stored = append(log, entry)
    elseif entry.renews and entry.window > 0 then renew(log, entry, answer) end
    if string.sub(answer, 1, 1) == '?' then full = answer end
    answers[at] = answer
    if stored then known[entry.key] = stored end
  end
  if #log.news > 0 then store(log) end
  return answers
end
-- The error's own text: old versions add where it was raised.
local function reasonOf(raised)
  local reason = type(raised) == 'table' and raised.err or raised
  return string.match(reason, ': %-(%u.*)') or reason
end
local answers, failure, done = {}, nil, false
while ARGV[argumentsRead + 1] do
  local meta, messages, life, doubted, entries = nextKey(), nextKey(), nextArgument(), nextArgument(), {}
  for entry = 1, tonumber(nextArgument()) do entries[entry] = readEntry() end
  local ok, result = pcall(appendAll, meta, messages, life, doubted, entries)
  if ok then done = true else failure = failure or reasonOf(result) end
  for entry = 1, #entries do answers[#answers + 1] = ok and result[entry] or '! ' .. reasonOf(result) end
end
if failure and not done then return redis.error_reply(failure) end
return answers`;

/** Appends to logs. */
export const APPEND = script(LIFE, BEGIN, REST);

/** The same, also to queues. */
export const ENQUEUE = script(LIFE, BEGIN, GROUP, ADMIT, REST);
