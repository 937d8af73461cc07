import { script } from './script.ts';

/**
 * The beginning of every presence script: loads the channel's totals and ends the grace periods
 * that have expired.
 *
 * KEYS: 1 totals (a hash: `v` version, `b` bytes), 2 members (a hash by user), 3 order (users by
 * ordinal), 4 due (connections in their grace period, by its end). ARGV: 1 feed, 2 the command that
 * publishes to it, 3 now.
 *
 * A member is packed: 1 user as JSON, 2 ordinal, 3 since, 4 info as JSON or false, 5 state as JSON
 * or false, 6 bytes, 7 connections in the order in which they entered or left, each {name, node,
 * until}; until is 0 while the connection is open. Ordinals and versions are microseconds of Redis'
 * clock, and always grow: a channel that was deleted and comes back repeats none.
 */
const CHANNEL = `
local now = tonumber(ARGV[3])
local function text(number) return string.format('%.0f', number) end
local totals = redis.call('HMGET', KEYS[1], 'v', 'b')
local version, bytes, dirty = tonumber(totals[1] or '0'), tonumber(totals[2] or '0'), false
local function tick()
  local time = redis.call('TIME')
  return math.max(version + 1, tonumber(time[1]) * 1000000 + tonumber(time[2]))
end
local function json(member)
  local info = member[4] and ',"info":' .. member[4] or ''
  local state = member[5] and ',"state":' .. member[5] or ''
  return '{"user":' .. member[1] .. info .. state .. ',"connections":' .. #member[7] .. ',"since":' .. text(member[3]) .. '}'
end
local function load(user)
  local packed = redis.call('HGET', KEYS[2], user)
  return packed and cmsgpack.unpack(packed)
end
local function store(user, member) redis.call('HSET', KEYS[2], user, cmsgpack.pack(member)) end
local function announce(member, value)
  version, dirty = tick(), true
  redis.call(ARGV[2], ARGV[1], '{"version":' .. text(version) .. ',"user":' .. member[1] .. ',"member":' .. value .. '}')
end
-- Stores, counts and announces a member that has changed.
local function change(user, member)
  local value = json(member)
  bytes = bytes + #value - member[6]
  member[6] = #value
  store(user, member)
  announce(member, value)
end
local function refOf(user, connection) return #user .. ':' .. user .. connection end
local function nodeKey(node) return KEYS[2] .. ':of:' .. node end
local function isOn(member, node)
  for _, connection in ipairs(member[7]) do if connection[2] == node then return true end end
  return false
end
-- Removes a connection from the member's list and from the indexes.
local function take(user, member, at)
  local connection = table.remove(member[7], at)
  if connection[3] > 0 then redis.call('ZREM', KEYS[4], refOf(user, connection[1])) end
  if not isOn(member, connection[2]) then redis.call('SREM', nodeKey(connection[2]), user) end
  return connection
end
local function find(member, name)
  for at, connection in ipairs(member[7]) do if connection[1] == name then return at end end
end
-- The member stays if it has connections left; otherwise it leaves.
local function settle(user, member)
  if #member[7] > 0 then return change(user, member) end
  redis.call('HDEL', KEYS[2], user)
  redis.call('ZREM', KEYS[3], user)
  bytes = bytes - member[6]
  announce(member, 'null')
end
for _, ref in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[3], 'LIMIT', 0, 1000)) do
  local length, rest = string.match(ref, '^(%d+):(.*)$')
  local user, name = string.sub(rest, 1, tonumber(length)), string.sub(rest, tonumber(length) + 1)
  local member = load(user)
  local at = member and find(member, name)
  if at then
    take(user, member, at)
    settle(user, member)
  end
  redis.call('ZREM', KEYS[4], ref)
end
-- The totals of an empty channel stay for an hour, for the version.
local function finish()
  if not dirty then return end
  redis.call('HSET', KEYS[1], 'v', text(version), 'b', text(bytes))
  if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], 3600000) end
end
`;

/**
 * Adds a connection, or changes info and state. ARGV: 4 node, 5 user, 6 user as JSON, 7 connection,
 * 8 info, 9 state (as JSON; empty: unchanged; info `none`: removed), 10 not empty: the state is an earlier one, used only if the
 * member is new, 11 the time of day.
 */
export const ENTER = script(
  CHANNEL,
  `
local user, name, node = ARGV[5], ARGV[7], ARGV[4]
local member = load(user)
local fresh = not member
if fresh then
  local ordinal = tick()
  version = ordinal
  member = {ARGV[6], ordinal, tonumber(ARGV[11]), false, false, 0, {}}
  redis.call('ZADD', KEYS[3], text(ordinal), user)
end
local count, info, state = #member[7], member[4], member[5]
local at = find(member, name)
if not at then
  for position, connection in ipairs(member[7]) do
    if connection[3] > 0 then at = position break end
  end
end
if at then take(user, member, at) end
table.insert(member[7], {name, node, 0})
redis.call('SADD', nodeKey(node), user)
if ARGV[8] == 'none' then member[4] = false elseif ARGV[8] ~= '' then member[4] = ARGV[8] end
if ARGV[9] ~= '' and (ARGV[10] == '' or fresh) then member[5] = ARGV[9] end
if fresh or count ~= #member[7] or info ~= member[4] or state ~= member[5] then change(user, member) else store(user, member) end
finish()`,
);

/** Removes a connection. ARGV: 4 user, 5 connection, 6 the end of its grace period; 0: no grace. */
export const LEAVE = script(
  CHANNEL,
  `
local user, name, till = ARGV[4], ARGV[5], tonumber(ARGV[6])
local member = load(user)
local at = member and find(member, name)
if at then
  local connection = take(user, member, at)
  if till > 0 then
    connection[3] = till
    table.insert(member[7], connection)
    redis.call('SADD', nodeKey(connection[2]), user)
    redis.call('ZADD', KEYS[4], ARGV[6], refOf(user, name))
    store(user, member)
  else
    settle(user, member)
  end
end
finish()`,
);

/** Only ends the grace periods that have expired. */
export const SETTLE = script(CHANNEL, 'finish()');

/**
 * Removes the connections of up to 500 users on a dead node. ARGV: 4 node. Answers 1 if there are
 * more.
 */
export const REAP = script(
  CHANNEL,
  `
for _, user in ipairs(redis.call('SPOP', nodeKey(ARGV[4]), 500)) do
  local member, gone = load(user), false
  for at = member and #member[7] or 0, 1, -1 do
    if member[7][at][2] == ARGV[4] then
      take(user, member, at)
      gone = true
    end
  end
  if gone then settle(user, member) end
end
finish()
return redis.call('EXISTS', nodeKey(ARGV[4]))`,
);

/**
 * Reads the roster and a page of members. ARGV: 4 the ordinal to start after, 5 the maximum number
 * of members.
 */
export const LIST = script(
  CHANNEL,
  `
finish()
local answer = {version > 0 and text(version) or text(tick()), redis.call('HLEN', KEYS[2]), text(bytes)}
if tonumber(ARGV[5]) == 0 then return answer end
local listed = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[4], '+inf', 'LIMIT', 0, ARGV[5], 'WITHSCORES')
for at = 1, #listed, 2 do
  table.insert(answer, text(tonumber(listed[at + 1])))
  table.insert(answer, json(load(listed[at])))
end
return answer`,
);
