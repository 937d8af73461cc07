import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { parseConfig } from '../src/config/schema.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import type { Events } from '../src/events.ts';
import { Refusal } from '../src/refusal.ts';
import { createWorld, type World } from './support/world.ts';

/** The caller may manage all channels. */
const permitted = () => null;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BACKEND = 'an-API-key-that-only-tests-know';
const NEWS = 'news:today';
/** The clock of a world begins at 2023-11-14T22:13:20Z. */
const MIDNIGHT = Date.parse('2023-11-15T00:00:00Z');

const channels = {
  'news:{topic}': { allow: { '*': 'users' }, history: { count: 1000, age: '365d' } },
  'brief:{id}': { allow: { '*': 'users' }, history: true, ttl: { max: '1m' } },
  'jobs:{id}': { allow: { '*': 'users' }, queue: { maxLength: 1 } },
} as const;

const apiKeys = [
  { name: 'backend', secret: BACKEND },
  { name: 'of-news', secret: 'another-API-key-that-only-tests-know', caps: { 'news:*': ['manage'] } },
];

const digest = { channel: NEWS, cron: '0 9 * * *', event: 'digest', data: { kind: 'daily' } };

const configOf = (schedules: ConfigInput['schedules']) => ({ channels, apiKeys, ...(schedules && { schedules }) });

/** An engine in memory that several gateways use one after the other, or at the same time. */
class SharedEngine extends MemoryEngine {
  readonly #listeners: Parameters<MemoryEngine['start']>[0][] = [];

  override start(listener: Parameters<MemoryEngine['start']>[0]): void {
    this.#listeners.push(listener);
    super.start({
      ...listener,
      deliver: (...news) => {
        for (const each of this.#listeners) each.deliver(...news);
      },
    });
  }

  override close(): void {}
}

async function published(world: World, channel = NEWS) {
  await world.idle();
  const { messages } = await world.services.log.read(channel, 0, 1_000);
  return messages.map(({ message }) => message);
}

const timesOf = async (world: World, channel?: string) =>
  (await published(world, channel)).map(({ time }) => new Date(time).toISOString());

/** Lets time pass until a time, in steps, as it does. They end at full hours, because a message has the time of its append. */
async function passUntil(worlds: readonly World[], until: number, step = HOUR): Promise<void> {
  for (let now = worlds[0]?.clock.now() ?? until; now < until; now = worlds[0]?.clock.now() ?? until) {
    for (const { clock } of worlds) clock.advance(Math.min(step - (now % step), until - now));
    for (const world of worlds) await world.idle();
  }
}

function recordMisses(world: World): Events['timesMissed'][] {
  const misses: Events['timesMissed'][] = [];
  world.services.events.on('timesMissed', (miss) => misses.push(miss));
  return misses;
}

/** A gateway that starts later with the same engine. */
async function restart(first: World, { after, schedules }: { after: number; schedules: ConfigInput['schedules'] }) {
  const closing = first.gateway.close();
  first.clock.advance(60_000);
  await closing;
  const now = first.clock.now() + after;
  const second = new (await worldClass())(configOf(schedules), { engine: () => first.assembly.engine });
  second.clock.set(now - second.clock.now());
  return second;
}

const worldClass = async () => (await import('./support/world.ts')).World;

describe('a recurring schedule', () => {
  it('publishes at its times, in its time zone', async () => {
    const world = await createWorld(configOf({ digest: { ...digest, timeZone: 'Europe/Berlin' } }));
    await passUntil([world], MIDNIGHT + 2 * DAY);
    expect(await published(world)).toMatchObject([
      { data: { kind: 'daily' }, event: 'digest', offset: 1 },
      { data: { kind: 'daily' }, event: 'digest', offset: 2 },
    ]);
    expect(await timesOf(world)).toEqual(['2023-11-15T08:00:00.000Z', '2023-11-16T08:00:00.000Z']);
    expect((await published(world))[0]).not.toHaveProperty('from');
  });

  it('publishes messages that expire', async () => {
    const world = await createWorld(configOf({ digest: { ...digest, ttl: '10m' } }));
    await passUntil([world], MIDNIGHT + 9 * HOUR);
    expect(await published(world)).toMatchObject([{ event: 'digest', expiresAt: MIDNIGHT + 9 * HOUR + 600_000 }]);
  });

  it('publishes once a day on the days on which the clocks change', async () => {
    const world = await createWorld(
      configOf({ nightly: { ...digest, cron: '30 2 * * *', timeZone: 'Europe/Berlin' } }),
    );
    world.clock.set(Date.parse('2024-03-29T23:30:00Z') - world.clock.now());
    world.services.schedules.reckon();
    await passUntil([world], Date.parse('2024-04-01T12:00:00Z'), HOUR / 2);
    const spring = await timesOf(world);
    expect(spring.slice(-3)).toEqual([
      '2024-03-30T01:30:00.000Z',
      '2024-03-31T01:00:00.000Z',
      '2024-04-01T00:30:00.000Z',
    ]);
    world.clock.set(Date.parse('2024-10-25T23:30:00Z') - world.clock.now());
    world.services.schedules.reckon();
    await passUntil([world], Date.parse('2024-10-28T12:00:00Z'), HOUR / 2);
    expect((await timesOf(world)).slice(-3)).toEqual([
      '2024-10-26T00:30:00.000Z',
      '2024-10-27T00:30:00.000Z',
      '2024-10-28T01:30:00.000Z',
    ]);
  });

  it.each(['skip', 'once'] as const)(
    'with catchUp "%s" begins with the first time after its first start',
    async (catchUp) => {
      const world = await createWorld(configOf({ digest: { ...digest, catchUp } }));
      const misses = recordMisses(world);
      await passUntil([world], MIDNIGHT + 8 * HOUR);
      expect(await timesOf(world)).toEqual([]);
      await passUntil([world], MIDNIGHT + 10 * HOUR);
      expect(await timesOf(world)).toEqual(['2023-11-15T09:00:00.000Z']);
      expect(misses).toEqual([]);
    },
  );

  it.each([
    ['skip', []],
    ['once', ['2023-11-17T12:00:00.000Z']],
  ] as const)('with catchUp "%s" treats the times that it missed so', async (catchUp, late) => {
    const schedules = { digest: { ...digest, catchUp } };
    const first = await createWorld(configOf(schedules), { engine: (clock) => new SharedEngine({ clock }) });
    await passUntil([first], MIDNIGHT + 12 * HOUR);
    const second = await restart(first, { after: 2 * DAY - 60_000, schedules });
    const misses = recordMisses(second);
    await second.gateway.start();
    await passUntil([second], second.clock.now() + 1_000, 250);
    const times = await timesOf(second);
    expect(times.slice(0, 1)).toEqual(['2023-11-15T09:00:00.000Z']);
    expect(times.slice(1).map((time) => time.slice(0, 16))).toEqual(late.map((time) => time.slice(0, 16)));
    expect(misses).toEqual([
      {
        ...{ schedule: 'digest', channel: NEWS, published: catchUp === 'once' },
        ...{ from: MIDNIGHT + 33 * HOUR, to: MIDNIGHT + 57 * HOUR },
      },
    ]);
    await passUntil([second], MIDNIGHT + 3 * DAY + 10 * HOUR);
    expect((await timesOf(second)).at(-1)).toBe('2023-11-18T09:00:00.000Z');
    expect(misses).toHaveLength(1);
  });

  it('publishes late, without a miss, if a node is back within a minute', async () => {
    const schedules = { digest };
    const first = await createWorld(configOf(schedules), { engine: (clock) => new SharedEngine({ clock }) });
    await passUntil([first], MIDNIGHT + 9 * HOUR - 90_000);
    const second = await restart(first, { after: 60_000, schedules });
    const misses = recordMisses(second);
    await second.gateway.start();
    await passUntil([second], second.clock.now() + 1_000, 250);
    expect((await timesOf(second)).map((time) => time.slice(0, 16))).toEqual(['2023-11-15T09:00']);
    expect(misses).toEqual([]);
  });

  it('publishes once with two nodes, also if one of them ends', async () => {
    const schedules = { often: { ...digest, cron: '* * * * *' }, digest };
    const one = await createWorld(configOf(schedules), { engine: (clock) => new SharedEngine({ clock }) });
    const two = await createWorld(configOf(schedules), { engine: () => one.assembly.engine });
    const begin = one.clock.now();
    await passUntil([one, two], begin + 10 * 60_000, 100);
    expect(await published(two)).toHaveLength(10);
    const closing = one.gateway.close();
    one.clock.advance(60_000);
    two.clock.advance(60_000);
    await closing;
    await passUntil([two], begin + 20 * 60_000, 100);
    expect(await published(two)).toHaveLength(20);
  });

  it('that publishes every second keeps its pace', async () => {
    const world = await createWorld(configOf({ tick: { ...digest, cron: '* * * * * *' } }));
    const misses = recordMisses(world);
    const begin = world.clock.now();
    await passUntil([world], begin + 20_000, 500);
    expect(await published(world)).toHaveLength(20);
    expect(misses).toEqual([]);
  });

  it('is tried again while its channel refuses, and the others go on', async () => {
    const world = await createWorld(
      configOf({ job: { ...digest, channel: 'jobs:a', cron: '0 * * * *' }, digest: { ...digest, cron: '0 * * * *' } }),
    );
    await world.gateway.publish('jobs:a', 'fills the queue');
    await passUntil([world], MIDNIGHT - HOUR + 1_000, 1_000);
    expect(await published(world)).toHaveLength(1);
    const received: unknown[] = [];
    const stop = world.gateway.consume('jobs:a', async ({ message }) => {
      received.push(message.data);
    });
    await passUntil([world], MIDNIGHT - HOUR + 5_000, 1_000);
    expect(received).toEqual(['fills the queue', { kind: 'daily' }]);
    await stop();
  });

  it('is dropped with a fault if its channel has no rule any more, and is reloaded with it', async () => {
    const world = await createWorld(configOf({ digest }));
    const faults: string[] = [];
    world.services.events.on('fault', ({ where }) => faults.push(where));
    const { config } = world.assembly;
    await world.gateway.reload({ ...config, channels: [] });
    await passUntil([world], MIDNIGHT + 10 * HOUR);
    expect(faults).toEqual(['schedules']);
    await world.gateway.reload(
      parseConfig({ ...configOf({ digest: { ...digest, cron: '0 12 * * *' } }), anonymous: true }),
    );
    await passUntil([world], MIDNIGHT + 2 * DAY);
    expect(await timesOf(world)).toEqual(['2023-11-15T12:00:00.000Z', '2023-11-16T12:00:00.000Z']);
    await world.gateway.reload(parseConfig({ ...configOf(undefined), anonymous: true }));
    await passUntil([world], MIDNIGHT + 3 * DAY);
    expect(await timesOf(world)).toHaveLength(2);
  });

  it('follows the wall clock when it is set', async () => {
    const world = await createWorld(configOf({ digest }));
    world.clock.set(MIDNIGHT + 9 * HOUR - 1_000 - world.clock.now());
    world.services.schedules.reckon();
    await passUntil([world], world.clock.now() + 2_000, 500);
    expect(await published(world)).toHaveLength(1);
    world.clock.set(-HOUR);
    world.services.schedules.reckon();
    await passUntil([world], world.clock.now() + 3 * HOUR);
    expect(await published(world)).toHaveLength(1);
  });

  it('leaves no timer behind', async () => {
    const world = await createWorld(configOf({ digest }));
    const closing = world.gateway.close();
    world.clock.advance(60_000);
    await closing;
    await nextTurn();
    expect(world.clock.running).toBe(0);
  });
});

describe('the HTTP API', () => {
  async function start(schedules: ConfigInput['schedules'] = {}, key = BACKEND) {
    const world = await createWorld(configOf(schedules));
    const call = async (method: 'GET' | 'PUT' | 'DELETE', path = '', body?: unknown, presented = key) => {
      const [name, query = ''] = path.split('?');
      const reply = await world.transport.request({
        ...{ method, path: `/api/v1/schedules${name}`, query, headers: { authorization: `Bearer ${presented}` } },
        ...(body === undefined ? {} : { body }),
      } as never);
      // biome-ignore lint/suspicious/noExplicitAny: answers of several routes
      return { status: reply.status, body: JSON.parse(String(reply.body)) as any };
    };
    return { world, call };
  }

  it('creates, lists, replaces and deletes', async () => {
    const { world, call } = await start({ digest });
    const created = await call('PUT', '/hourly', { channel: NEWS, cron: ' 0  * * * * ', data: 1 });
    expect(created).toEqual({
      status: 200,
      body: {
        ...{ name: 'hourly', channel: NEWS, cron: '0 * * * *', timeZone: 'UTC', catchUp: 'skip', data: 1 },
        ...{ source: 'api', next: MIDNIGHT - HOUR },
      },
    });
    const { body } = await call('GET');
    expect(body).toMatchObject({
      schedules: [{ name: 'digest', source: 'config', next: MIDNIGHT + 9 * HOUR }, created.body],
    });
    await passUntil([world], MIDNIGHT - HOUR);
    await call('PUT', '/hourly', { channel: NEWS, cron: '0 * * * *', data: 2, event: 'e', tags: { a: 'b' } });
    await passUntil([world], MIDNIGHT);
    expect(await published(world)).toMatchObject([{ data: 1 }, { data: 2, event: 'e', tags: { a: 'b' } }]);
    expect(await call('DELETE', '/hourly')).toEqual({ status: 200, body: {} });
    expect(await call('DELETE', '/hourly')).toMatchObject({ status: 404, body: { error: { name: 'not_scheduled' } } });
    await passUntil([world], MIDNIGHT + 5 * HOUR);
    expect(await published(world)).toHaveLength(2);
  });

  it('keeps the times of a schedule that is put again as it is', async () => {
    const { world, call } = await start({ digest });
    const hourly = { channel: NEWS, cron: '0 * * * *', data: 1, catchUp: 'once' };
    const { body } = await call('PUT', '/hourly', hourly);
    await passUntil([world], MIDNIGHT - HOUR - 60_000);
    expect(await call('PUT', '/hourly', hourly)).toMatchObject({ body });
    await passUntil([world], MIDNIGHT - HOUR - 1);
    expect(await published(world)).toEqual([]);
    await passUntil([world], MIDNIGHT - HOUR);
    expect(await published(world)).toHaveLength(1);
  });

  it('keeps what it created over a restart, and catches up', async () => {
    const schedules = {};
    const first = await createWorld(configOf(schedules), { engine: (clock) => new SharedEngine({ clock }) });
    const hourly = { name: 'hourly', channel: NEWS, cron: '0 * * * *', timeZone: 'UTC', data: 1 } as const;
    await first.services.schedules.recurring.put({ ...hourly, catchUp: 'once' }, permitted);
    const second = await restart(first, { after: 5 * HOUR, schedules });
    await second.gateway.start();
    expect(second.services.schedules.recurring.size).toBe(1);
    await passUntil([second], second.clock.now() + 1_000, 250);
    expect(await published(second)).toHaveLength(1);
    // What was deleted and created again has missed nothing.
    await second.services.schedules.recurring.delete('hourly', permitted);
    await passUntil([second], second.clock.now() + 5 * HOUR);
    await second.services.schedules.recurring.put({ ...hourly, catchUp: 'once' }, permitted);
    await passUntil([second], second.clock.now() + 1_000, 250);
    expect(await published(second)).toHaveLength(1);
  });

  it('pages by name', async () => {
    const { call } = await start();
    for (const name of ['c', 'a', 'b']) await call('PUT', `/${name}`, { channel: NEWS, cron: '@daily' });
    const first = await call('GET', '?limit=2');
    expect(first.body.schedules.map(({ name }: { name: string }) => name)).toEqual(['a', 'b']);
    const rest = await call('GET', `?limit=2&after=${first.body.next}`);
    expect(rest.body).toMatchObject({ schedules: [{ name: 'c' }] });
    expect(rest.body.next).toBeUndefined();
  });

  const OK = { channel: NEWS, cron: '@daily' };
  it.each<[string, string, string, unknown, number, string, string]>([
    [
      'an invalid expression',
      'PUT',
      '/a',
      { ...OK, cron: '0 25 * * *' },
      400,
      'command_invalid',
      '"cron" is not a cron',
    ],
    ['one that never fires', 'PUT', '/a', { ...OK, cron: '0 0 30 2 *' }, 400, 'command_invalid', '"cron" never fires'],
    ['no expression', 'PUT', '/a', { channel: NEWS }, 400, 'command_invalid', '"cron" must be'],
    ['no channel', 'PUT', '/a', { cron: '@daily' }, 400, 'command_invalid', '"channel" must be'],
    ['an invalid channel', 'PUT', '/a', { ...OK, channel: 'a b' }, 400, 'command_invalid', ''],
    ['an unknown channel', 'PUT', '/a', { ...OK, channel: 'nowhere' }, 404, 'channel_unknown', 'nowhere'],
    ['an unknown time zone', 'PUT', '/a', { ...OK, timeZone: 'Mars' }, 400, 'command_invalid', '"timeZone" is not'],
    ['a time zone that is no text', 'PUT', '/a', { ...OK, timeZone: 1 }, 400, 'command_invalid', '"timeZone" must be'],
    ['an unknown way to catch up', 'PUT', '/a', { ...OK, catchUp: 'all' }, 400, 'command_invalid', '"catchUp" must be'],
    ['an unknown field', 'PUT', '/a', { ...OK, chron: 1 }, 400, 'command_invalid', 'unknown field "chron"'],
    ['an invalid name', 'PUT', '/a%20b', OK, 400, 'command_invalid', 'the name must have'],
    ['a ttl of 0', 'PUT', '/a', { ...OK, ttl: 0 }, 400, 'command_invalid', '"ttl" must be'],
    [
      'a ttl above the maximum of the rule',
      'PUT',
      '/a',
      { ...OK, channel: 'brief:a', ttl: 60_001 },
      400,
      'command_invalid',
      'ttl',
    ],
    ['invalid tags', 'PUT', '/a', { ...OK, tags: { a: 1 } }, 400, 'command_invalid', '"tags.a"'],
    ['too much data', 'PUT', '/a', { ...OK, data: 'x'.repeat(20_000) }, 413, 'payload_too_large', 'at most 16384'],
    ['a name of the configuration', 'PUT', '/digest', OK, 400, 'command_invalid', 'is defined in the configuration'],
    ['to delete one of the configuration', 'DELETE', '/digest', undefined, 400, 'command_invalid', 'Change it there'],
    ['to delete an unknown one', 'DELETE', '/unknown', undefined, 404, 'not_scheduled', 'no recurring schedule'],
    ['an unknown option', 'GET', '?before=1', undefined, 400, 'command_invalid', 'no option "before"'],
  ])('refuses %s', async (_, method, path, body, status, name, message) => {
    const { call } = await start({ digest });
    expect(await call(method as 'PUT', path, body)).toMatchObject({
      status,
      body: { error: { name, message: expect.stringContaining(message) } },
    });
  });

  it('needs "manage" on the channel, and for all others on all channels', async () => {
    const { call } = await start();
    const LIMITED = 'another-API-key-that-only-tests-know';
    expect(await call('PUT', '/mine', OK, LIMITED)).toMatchObject({ status: 200 });
    expect(await call('PUT', '/theirs', { ...OK, channel: 'jobs:a' }, LIMITED)).toMatchObject({ status: 403 });
    await call('PUT', '/theirs', { ...OK, channel: 'jobs:a' });
    expect(await call('PUT', '/theirs', OK, LIMITED)).toMatchObject({ status: 403 });
    expect(await call('DELETE', '/theirs', undefined, LIMITED)).toMatchObject({ status: 403 });
    expect(await call('GET', '', undefined, LIMITED)).toMatchObject({ status: 403 });
    expect(await call('GET', '', undefined, 'no-key')).toMatchObject({ status: 401 });
    expect(await call('PUT', '/a', { wrong: 1 }, 'no-key')).toMatchObject({ status: 401 });
    expect(await call('DELETE', '/mine', undefined, LIMITED)).toMatchObject({ status: 200 });
  });

  it('checks the channel of a schedule that another node has created at the same time', async () => {
    const engine = new SharedEngine();
    const [one, two] = [0, 1].map(() => createWorld(configOf({}), { engine: () => engine }));
    const [first, second] = await Promise.all([one, two]);
    if (first === undefined || second === undefined) throw new Error('two worlds');
    const ofNews = (pattern: string) => (pattern === '**' ? new Refusal('permission_denied') : null);
    const ofJobs = (pattern: string) => (pattern === 'jobs:a' ? new Refusal('permission_denied') : null);
    const plan = { name: 'report', cron: '@daily', timeZone: 'UTC', catchUp: 'skip', data: null } as const;
    const { recurring } = first.services.schedules;
    const append = engine.append.bind(engine);
    let isRaced = false;
    engine.append = ((...parts: Parameters<typeof append>) => {
      if (isRaced || parts[2].expected === undefined) return append(...parts);
      isRaced = true; // another node writes between the check and the write
      return second.services.schedules.recurring
        .put({ ...plan, channel: 'jobs:a' }, permitted)
        .then(() => append(...parts));
    }) as never;
    expect(await recurring.put({ ...plan, channel: NEWS }, ofNews)).toMatchObject({ error: 'permission_denied' });
    expect(isRaced).toBe(true);
    expect(await recurring.list({ limit: 10 })).toMatchObject({ schedules: [{ name: 'report', channel: 'jobs:a' }] });
    expect(await recurring.delete('report', ofJobs)).toMatchObject({ error: 'permission_denied' });
    expect(await recurring.delete('report', permitted)).toBeNull();
  });

  it('says how to enable recurring schedules if they are off', async () => {
    const world = await createWorld(configOf(undefined));
    const put = world.services.schedules.recurring.put(
      {
        ...{ name: 'a', channel: NEWS, cron: '@daily', timeZone: 'UTC', catchUp: 'skip', data: null },
      },
      permitted,
    );
    expect((await put) as unknown).toMatchObject({
      error: 'command_invalid',
      detail: expect.stringContaining('schedules: {}'),
    });
  });
});
