import { beforeAll, describe, expect, it } from 'vitest';
import type { AppendOptions } from '../src/engine/engine.ts';
import { append, type Node, startNode, WAIT } from './support/redis-node.ts';
import { type RedisServer, startRedis } from './support/redis-server.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let server: RedisServer;
let count = 0;
beforeAll(async () => {
  server = await startRedis();
});

/** A node with a separate key prefix, and the keys with this prefix. */
async function start(
  options: { lease?: number; timeout?: number } = {},
): Promise<Node & { prefix: string; keys(): Promise<string[]> }> {
  const prefix = `keys${++count}:`;
  const node = await startNode({ urls: [server.url], prefix, ...options });
  const keys = async () => ((await server.command('KEYS', `${prefix}*`)) as string[]).toSorted();
  return { ...node, prefix, keys };
}

const lifetimeOf = async (key: string): Promise<number> => Number(await server.command('PTTL', key));

describe('the data of the engine in Redis', () => {
  it.each<[string, AppendOptions, { meta: number; log?: number; key?: number }]>([
    ['no history', { retention: null, window: 0 }, { meta: DAY }],
    ['history of an hour', { retention: { count: 10, age: HOUR }, window: 0 }, { meta: DAY, log: HOUR }],
    ['history of a day', { retention: { count: 10, age: DAY }, window: 0 }, { meta: DAY, log: DAY }],
    ['history of a week', { retention: { count: 10, age: 7 * DAY }, window: 0 }, { meta: 7 * DAY, log: 7 * DAY }],
    [
      'a key of two days',
      { retention: { count: 10, age: HOUR }, window: 2 * DAY, key: 'k' },
      { meta: 2 * DAY, log: HOUR, key: 2 * DAY },
    ],
  ])('expires after the time of the rule: %s', async (_, options, least) => {
    const node = await start();
    await append(node, 'm1', options);
    const keys = (await node.keys()).filter((key) => key.includes('{a}'));
    const lifetimes = new Map<string, number>();
    for (const key of keys) lifetimes.set(key.replace(/^.*\}:?/, '').replace(/:.*$/, ''), await lifetimeOf(key));
    expect([...lifetimes.keys()].toSorted()).toEqual(Object.keys(least).toSorted());
    for (const [part, lifetime] of Object.entries(least)) {
      expect(lifetimes.get(part), part).toBeGreaterThan(lifetime - 60_000);
      expect(lifetimes.get(part), part).toBeLessThanOrEqual(lifetime + 5 * 60_000);
    }
  });

  it('keeps the epoch as long as the idempotency keys that refer to it', async () => {
    const node = await start();
    await append(node, 'm1', { retention: null, window: 3 * DAY, key: 'k' });
    await append(node, 'm2', { retention: null, window: 0 });
    await append(node, 'm3', { retention: null, window: HOUR, key: 'l' });
    const [meta = ''] = (await node.keys()).filter((key) => key.endsWith('meta'));
    expect(await lifetimeOf(meta)).toBeGreaterThan(3 * DAY - 60_000);
  });

  it('does not expire the epoch of a watched log', async () => {
    const node = await start();
    await node.engine.log.watch('a');
    await append(node, 'm1', { retention: null, window: 0 });
    const [meta = ''] = (await node.keys()).filter((key) => key.endsWith('meta'));
    await server.command('PEXPIRE', meta, 60_000);
    await node.engine.log.check('a');
    expect(await lifetimeOf(meta)).toBeGreaterThan(DAY - 60_000);
    await server.command('PEXPIRE', meta, 3 * DAY);
    await node.engine.log.check('a');
    expect(await lifetimeOf(meta)).toBeGreaterThan(2 * DAY);
  });

  it('of one channel that is damaged does not affect appends to others of the same turn', async () => {
    const node = await start();
    await server.command('SET', `${node.prefix}{broken}:meta`, 'x');
    const { log } = node.engine;
    const options: AppendOptions = { retention: { count: 10, age: HOUR }, window: 0 };
    const entry = { id: 'm1', time: Date.now(), data: 1 };
    const appended = ['a', 'broken', 'a', 'b'].map((channel) => log.append(channel, entry, options));
    const settled = await Promise.allSettled(appended);
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value.offset : `${one.reason}`))).toEqual([
      1,
      expect.stringContaining('WRONGTYPE'),
      2,
      1,
    ]);
  });

  it('repeats the first result for a key that comes twice in one turn', async () => {
    const node = await start();
    const options: AppendOptions = { retention: null, window: HOUR, key: 'k' };
    const results = await Promise.all([append(node, 'm1', options), append(node, 'm2', options), append(node, 'm3')]);
    expect(results.map(({ id, offset }) => [id, offset])).toEqual([
      ['m1', 1],
      ['m1', 1],
      ['m3', 2],
    ]);
  });

  it('of a channel whose members have left is only its version, for an hour', async () => {
    const node = await start();
    const places = Array.from({ length: 3 }, (_, at) => ({ channel: 'room', connection: `c${at}`, user: `u${at}` }));
    for (const place of places) await node.engine.presence.enter({ ...place, state: 'x' });
    for (const place of places) await node.engine.presence.leave(place, 0);
    await expect.poll(async () => (await node.keys()).filter((key) => key.includes('room')), WAIT).toHaveLength(1);
    const [room = ''] = (await node.keys()).filter((key) => key.includes('room'));
    expect(await lifetimeOf(room)).toBeGreaterThan(HOUR - 60_000);
    await expect.poll(async () => (await node.keys()).some((key) => key.endsWith(':channels')), WAIT).toBe(false);
  });

  it.each([1, 500, 501, 1_203])('of a crashed node with %i members of one channel is removed', async (members) => {
    const options = { lease: 60_000, timeout: 60_000 };
    const dying = await start(options);
    const { presence } = dying.engine;
    const entering = Array.from({ length: members }, (_, at) =>
      presence.enter({ channel: 'room', connection: `c${at}`, user: `u${at}` }),
    );
    await Promise.all(entering);
    const other = await startNode({ urls: [server.url], prefix: dying.prefix, ...options });
    await other.engine.presence.enter({ channel: 'room', connection: 'here', user: 'here' });
    await dying.engine.close();
    for (const key of await dying.keys()) if (/node:[\w-]{12}$/.test(key)) await server.command('DEL', key);
    await other.engine.presence.beat();
    await other.engine.presence.beat();
    expect((await other.engine.presence.list('room', 0, 10)).members.map(({ member }) => member.user)).toEqual([
      'here',
    ]);
    const [nodes = ''] = (await dying.keys()).filter((key) => key.endsWith(':nodes'));
    expect(await server.command('SMEMBERS', nodes)).toHaveLength(1);
    expect((await dying.keys()).filter((key) => key.endsWith(':channels'))).toHaveLength(1);
  });

  it('treats invalid data in its feeds as missed announcements', async () => {
    const node = await start();
    await node.engine.log.watch('a');
    node.engine.presence.watch('room');
    await node.engine.presence.roster('room');
    const { epoch } = await append(node, 'm1');
    await expect.poll(() => node.received).toEqual([`${epoch} m1`]);
    const channels = (await server.command('PUBSUB', 'CHANNELS', `${node.prefix}*`)) as string[];
    expect(channels.length).toBeGreaterThan(2);
    for (const channel of channels) {
      for (const text of ['', '{', 'null', `${epoch} x y {}`, `${epoch} 2 0 {"id":`])
        await server.command('PUBLISH', channel, text);
    }
    await expect.poll(() => node.interrupted, WAIT).toContain('a');
    await append(node, 'm2');
    await expect.poll(() => node.received, WAIT).toEqual([`${epoch} m1`, `${epoch} m2`]);
  });
});
