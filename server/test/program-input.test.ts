import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../src/engine/engine.ts';
import type { Gateway } from '../src/index.ts';
import { createWorld } from './support/world.ts';

const CHANNELS = {
  'logs:{name}': { history: true, presence: {}, schedule: {}, groups: { audit: {} } },
  'all-logs': { history: true, bind: ['logs:*'] },
  'jobs:{kind}': { queue: {} },
} as const;

const nothing = () => {};
const long = 'x'.repeat(201);

/** Values that no channel has. A pattern is none, although clients can subscribe to it. */
const CHANNEL = [undefined, null, Number.NaN, 0, {}, '', 'a b', 'logs:*', 'logs:{name}', long];
/** Values that no number of something is, unless it may be 0. */
const COUNT = [null, Number.NaN, 0, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53, '5'];
const OFFSET = COUNT.filter((value) => value !== 0);
const USER = [undefined, null, Number.NaN, 0, {}, '', 'a\nb', long];
const PATTERN = [null, 0, {}, '', 'a b', 'logs:{name}', long];
const TEXT = [null, 0, {}, '', long];
const FLAG = [null, 0, 'true', {}];
const LIST = [null, 0, {}, [1], Array.from({ length: 1_001 }, () => 'a')];
const FUNCTION = [undefined, null, 0, 'f', {}];

type Call = (gateway: Gateway, value: never) => unknown;

const ORDINALS = [null, 0, {}, [], [0], [1.5], ['1'], Array.from({ length: 1_001 }, (_, at) => at + 1)];
const RECURRING = { channel: 'logs:a', cron: '0 9 * * *' };

const put =
  (field: string): Call =>
  ({ manage }, value) =>
    manage.schedules.put('daily', { ...RECURRING, [field]: value });

/** Each method of the embedding API, with one parameter that is wrong. */
const CALLS: readonly (readonly [name: string, values: readonly unknown[], call: Call])[] = [
  ['publish(channel)', CHANNEL, (g, channel) => g.publish(channel, 1)],
  ['publish(data)', [undefined, Number.NaN, nothing, new Date()], (g, data) => g.publish('logs:a', data)],
  ['publish(key)', TEXT, (g, key) => g.publish('logs:a', 1, { key })],
  ['publish(ttl)', COUNT, (g, ttl) => g.publish('logs:a', 1, { ttl })],
  ['schedule(channel)', CHANNEL, (g, channel) => g.schedule(channel, 1, { delay: 1 })],
  ['schedule(delay)', OFFSET, (g, delay) => g.schedule('logs:a', 1, { delay })],
  ['schedule(at)', [...COUNT, new Date(Number.NaN)], (g, at) => g.schedule('logs:a', 1, { at })],
  ['schedule(ttl)', COUNT, (g, ttl) => g.schedule('logs:a', 1, { delay: 1, ttl })],
  ['unschedule(channel)', CHANNEL, (g, channel) => g.unschedule(channel, 'id')],
  ['unschedule(id)', [undefined, ...TEXT], (g, id) => g.unschedule('logs:a', id)],
  ['schedules(channel)', CHANNEL, (g, channel) => g.schedules(channel)],
  ['schedules(limit)', [...COUNT, 1_001], (g, limit) => g.schedules('logs:a', { limit })],
  ['schedules(after)', TEXT, (g, after) => g.schedules('logs:a', { after })],
  ['request(channel)', CHANNEL, (g, channel) => g.request(channel, 1)],
  ['request(data)', [undefined, Number.NaN, nothing], (g, data) => g.request('logs:a', data)],
  ['request(timeout)', COUNT, (g, timeout) => g.request('logs:a', 1, { timeout })],
  ['respond(channel)', CHANNEL, (g, channel) => g.respond(channel, () => 1)],
  ['respond(answer)', FUNCTION, (g, answer) => g.respond('logs:a', answer)],
  ['respond(concurrency)', [...COUNT, 1_001], (g, concurrency) => g.respond('logs:a', () => 1, { concurrency })],
  ['consume(channel)', CHANNEL, (g, channel) => g.consume(channel, nothing)],
  ['consume(handler)', FUNCTION, (g, handler) => g.consume('jobs:a', handler)],
  ['consume(prefetch)', [...COUNT, 1_001], (g, prefetch) => g.consume('jobs:a', nothing, { prefetch })],
  ['consume(group)', [null, 0, ''], (g, group) => g.consume('jobs:a', nothing, { group })],
  ['consume(onGap)', [null, 0, 'f'], (g, onGap) => g.consume('jobs:a', nothing, { onGap })],
  ['revoke(what)', [undefined, null, 0, [], {}, { user: '' }, { before: 1 }], (g, what) => g.revoke(what)],
  ['manage.channels(pattern)', PATTERN, ({ manage }, pattern) => manage.channels({ pattern })],
  ['manage.channels(limit)', [...COUNT, 1_001], ({ manage }, limit) => manage.channels({ limit })],
  ['manage.channels(cursor)', TEXT, ({ manage }, cursor) => manage.channels({ cursor })],
  ['manage.channel(channel)', CHANNEL, ({ manage }, channel) => manage.channel(channel)],
  ['manage.user(user)', USER, ({ manage }, user) => manage.user(user)],
  ['manage.connections(limit)', [...COUNT, 1_001], ({ manage }, limit) => manage.connections({ limit })],
  ['manage.connections(cursor)', TEXT, ({ manage }, cursor) => manage.connections({ cursor })],
  ['manage.connections(user)', USER.slice(1), ({ manage }, user) => manage.connections({ user })],
  ['manage.connections(node)', TEXT, ({ manage }, node) => manage.connections({ node })],
  ['manage.connections(slow)', FLAG, ({ manage }, slow) => manage.connections({ slow })],
  ['manage.closeConnection(id)', [undefined, ...TEXT], ({ manage }, id) => manage.closeConnection(id)],
  ['manage.closeConnection(reason)', TEXT, ({ manage }, reason) => manage.closeConnection('c', { reason })],
  ['manage.closeConnection(reconnect)', FLAG, ({ manage }, reconnect) => manage.closeConnection('c', { reconnect })],
  ...(['disconnect', 'unsubscribe', 'recheck'] as const).flatMap((method): (readonly [string, unknown[], Call])[] => [
    [`manage.${method}(user)`, USER, ({ manage }, user) => manage[method](user)],
    [`manage.${method}(pattern)`, PATTERN, ({ manage }, pattern) => manage[method]('ada', { pattern })],
    [`manage.${method}(except)`, LIST, ({ manage }, except) => manage[method]('ada', { except })],
    [`manage.${method}(reason)`, TEXT, ({ manage }, reason) => manage[method]('ada', { reason })],
  ]),
  ['manage.disconnect(reconnect)', FLAG, ({ manage }, reconnect) => manage.disconnect('ada', { reconnect })],
  ['manage.subscribe(user)', USER, ({ manage }, user) => manage.subscribe(user, 'logs:a')],
  ['manage.subscribe(channel)', CHANNEL, ({ manage }, channel) => manage.subscribe('ada', channel)],
  ['manage.subscribe(rewind)', OFFSET, ({ manage }, rewind) => manage.subscribe('ada', 'logs:a', { rewind })],
  ['manage.subscribe(except)', LIST, ({ manage }, except) => manage.subscribe('ada', 'logs:a', { except })],
  ['manage.enter(channel)', CHANNEL, ({ manage }, channel) => manage.enter(channel, 'bot')],
  ['manage.enter(user)', USER, ({ manage }, user) => manage.enter('logs:a', user)],
  [
    'manage.enter(state)',
    [Number.NaN, nothing, new Date()],
    ({ manage }, state) => manage.enter('logs:a', 'b', { state }),
  ],
  [
    'manage.enter(info)',
    [Number.NaN, nothing, new Date()],
    ({ manage }, info) => manage.enter('logs:a', 'b', { info }),
  ],
  ['manage.leave(channel)', CHANNEL, ({ manage }, channel) => manage.leave(channel, 'bot')],
  ['manage.leave(user)', USER, ({ manage }, user) => manage.leave('logs:a', user)],
  ['manage.history(channel)', CHANNEL, ({ manage }, channel) => manage.history(channel)],
  ['manage.history(limit)', [...COUNT, 1_001], ({ manage }, limit) => manage.history('logs:a', { limit })],
  ['manage.history(after)', OFFSET, ({ manage }, after) => manage.history('logs:a', { after })],
  ['manage.history(before)', OFFSET, ({ manage }, before) => manage.history('logs:a', { before })],
  ['manage.history(filter)', [null, 0, { a: 1 }], ({ manage }, filter) => manage.history('logs:a', { filter })],
  ['manage.members(channel)', CHANNEL, ({ manage }, channel) => manage.members(channel)],
  ['manage.members(limit)', [...COUNT, 1_001], ({ manage }, limit) => manage.members('logs:a', { limit })],
  ['manage.members(after)', OFFSET, ({ manage }, after) => manage.members('logs:a', { after })],
  ['manage.memberCounts(channels)', [undefined, ...LIST, 'logs:a'], ({ manage }, list) => manage.memberCounts(list)],
  ['manage.groups.numbers(channel)', CHANNEL, ({ manage }, channel) => manage.groups.numbers(channel)],
  ['manage.groups.numbers(group)', [null, 0, ''], ({ manage }, group) => manage.groups.numbers('jobs:a', { group })],
  ['manage.groups.deadLetters(channel)', CHANNEL, ({ manage }, channel) => manage.groups.deadLetters(channel)],
  ['manage.groups.deadLetters(limit)', COUNT, ({ manage }, limit) => manage.groups.deadLetters('jobs:a', { limit })],
  ['manage.groups.deadLetters(after)', OFFSET, ({ manage }, after) => manage.groups.deadLetters('jobs:a', { after })],
  ['manage.groups.redrive(channel)', CHANNEL, ({ manage }, channel) => manage.groups.redrive(channel)],
  [
    'manage.groups.redrive(ordinals)',
    ORDINALS,
    ({ manage }, ordinals) => manage.groups.redrive('jobs:a', { ordinals }),
  ],
  [
    'manage.groups.discard(channel)',
    CHANNEL,
    ({ manage }, channel) => manage.groups.discard(channel, { ordinals: [1] }),
  ],
  [
    'manage.groups.discard(ordinals)',
    [undefined, ...ORDINALS],
    ({ manage }, ordinals) => manage.groups.discard('jobs:a', { ordinals }),
  ],
  ['manage.groups.seek(channel)', CHANNEL, ({ manage }, channel) => manage.groups.seek(channel, { offset: 1 })],
  [
    'manage.groups.seek(offset)',
    [undefined, ...OFFSET],
    ({ manage }, offset) => manage.groups.seek('jobs:a', { offset }),
  ],
  ['manage.groups.seek(time)', [1.7e9, ...OFFSET], ({ manage }, time) => manage.groups.seek('jobs:a', { time })],
  ['manage.schedules.list(limit)', [...COUNT, 1_001], ({ manage }, limit) => manage.schedules.list({ limit })],
  ['manage.schedules.list(after)', TEXT, ({ manage }, after) => manage.schedules.list({ after })],
  ['manage.schedules.put(name)', [...TEXT, 'a b'], ({ manage }, name) => manage.schedules.put(name, RECURRING)],
  ['manage.schedules.put(channel)', CHANNEL, put('channel')],
  ['manage.schedules.put(cron)', [...TEXT, 'never'], put('cron')],
  ['manage.schedules.put(timeZone)', [...TEXT, 'Nowhere'], put('timeZone')],
  ['manage.schedules.put(ttl)', COUNT, put('ttl')],
  ['manage.schedules.put(unknown field)', [1], put('crom')],
  ['manage.schedules.delete(name)', TEXT, ({ manage }, name) => manage.schedules.delete(name)],
  ['manage.hook(name)', [undefined, ...TEXT], ({ manage }, name) => manage.hook(name)],
  ['manage.webhooks.test(name)', [undefined, ...TEXT], ({ manage }, name) => manage.webhooks.test(name)],
  ['manage.webhooks.pause(name)', [undefined, ...TEXT], ({ manage }, name) => manage.webhooks.pause(name)],
  ['manage.webhooks.resume(name)', [undefined, ...TEXT], ({ manage }, name) => manage.webhooks.resume(name)],
  ['manage.webhooks.replay(name)', [undefined, ...TEXT], ({ manage }, name) => manage.webhooks.replay(name, 0)],
  ['manage.webhooks.replay(from)', [undefined, ...OFFSET], ({ manage }, from) => manage.webhooks.replay('a', from)],
  ['manage.explain(query)', [undefined, null, 0, 'a', {}], ({ manage }, query) => manage.explain(query)],
  ['manage.explain(channel)', CHANNEL, ({ manage }, channel) => manage.explain({ channel, verb: 'publish' })],
  ['manage.explain(verb)', [undefined, ...TEXT], ({ manage }, verb) => manage.explain({ channel: 'logs:a', verb })],
  [
    'manage.explain(identity)',
    [null, 0, 'ada', { user: '' }, { name: 'ada' }, { claims: 1 }, { caps: [] }],
    ({ manage }, identity) => manage.explain({ channel: 'logs:a', verb: 'publish', identity }),
  ],
  ['manage.why(query)', [undefined, null, 0, 'a', {}, { user: 'ada' }], ({ manage }, query) => manage.why(query)],
  ['manage.why(user)', USER, ({ manage }, user) => manage.why({ user, message: 'm' })],
  ['manage.why(message)', [undefined, ...TEXT], ({ manage }, message) => manage.why({ user: 'ada', message })],
  ['manage.why(channel)', CHANNEL, ({ manage }, channel) => manage.why({ user: 'ada', channel, offset: 1 })],
  ['manage.why(offset)', COUNT, ({ manage }, offset) => manage.why({ user: 'ada', channel: 'logs:a', offset })],
  ['manage.decisions(user)', USER.slice(1), ({ manage }, user) => manage.decisions({ user })],
  ['manage.decisions(channel)', TEXT, ({ manage }, channel) => manage.decisions({ channel })],
  ['manage.decisions(kind)', [null, 0, 'opened'], ({ manage }, kind) => manage.decisions({ kind })],
  ['manage.decisions(limit)', [...COUNT, 1_001], ({ manage }, limit) => manage.decisions({ limit })],
  ['manage.tap(user)', USER, ({ manage }, user) => manage.tap({ user }).next()],
  ['manage.tap(channel)', CHANNEL, ({ manage }, channel) => manage.tap({ channel }).next()],
  ['manage.tap(seconds)', [...COUNT, 61], ({ manage }, seconds) => manage.tap({ user: 'ada', seconds }).next()],
  ['manage.tap(payloads)', FLAG, ({ manage }, payloads) => manage.tap({ user: 'ada', payloads }).next()],
  ['manage.revocations(limit)', [...COUNT, 1_001], ({ manage }, limit) => manage.revocations({ limit })],
  ['manage.revocations(cursor)', TEXT, ({ manage }, cursor) => manage.revocations({ cursor })],
  [
    'manage.issueTicket(channels)',
    [undefined, null, [], ['a b'], 'logs:a'],
    ({ manage }, channels) => manage.issueTicket({ channels, claims: { sub: 'ada' } }),
  ],
  [
    'manage.issueTicket(claims)',
    [undefined, null, {}, { sub: '' }, { sub: 1 }],
    ({ manage }, claims) => manage.issueTicket({ channels: ['logs:a'], claims }),
  ],
  ['manage.drain(node)', [undefined, ...TEXT], ({ manage }, node) => manage.drain(node)],
  ['manage.purge(channel)', CHANNEL, ({ manage }, channel) => manage.purge(channel, 1)],
  ['manage.purge(upTo)', [undefined, ...COUNT], ({ manage }, upTo) => manage.purge('logs:a', upTo)],
];

const INVALID = ['command_invalid', 'channel_invalid', 'payload_invalid', 'filter_invalid'];

describe('the embedding API', () => {
  it.each(CALLS)('refuses what is wrong: %s', async (_, values, call) => {
    const { gateway } = await createWorld({ channels: CHANNELS, schedules: {} });
    for (const value of values) {
      const outcome = await Promise.resolve()
        .then(() => call(gateway, value as never))
        .then(
          () => 'accepted',
          (error: Error) => (INVALID.includes(error.name) ? 'refused' : `${error.name}: ${error.message}`),
        );
      expect([value, outcome]).toEqual([value, 'refused']);
    }
  });
});

describe('a method of the embedding API', () => {
  it('rejects with "unavailable" if the other nodes cannot be asked', async () => {
    const { gateway, assembly } = await createWorld({ channels: CHANNELS });
    assembly.cluster.ask = () => Promise.reject(new EngineUnavailable('away'));
    const { manage } = gateway;
    for (const call of [
      manage.nodes(),
      manage.channels(),
      manage.connections(),
      manage.user('ada'),
      manage.channel('logs:a'),
      manage.disconnect('ada'),
      manage.closeConnection('c'),
      manage.subscribe('ada', 'logs:a'),
      manage.leave('logs:a', 'bot'),
      manage.hooks(),
      manage.bridges(),
      manage.decisions(),
      manage.reload(),
      manage.why({ user: 'ada', message: 'unknown' }),
    ])
      await expect(call).rejects.toMatchObject({ name: 'unavailable', code: 4001, retryable: true });
  });
});
