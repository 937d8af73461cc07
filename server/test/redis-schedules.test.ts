import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { RedisEngine, type RedisEngineOptions } from '../src/engine/redis/redis-engine.ts';
import { type NodeEngine, SharedEngine } from './support/node-engine.ts';
import { startCluster, startRedis } from './support/redis-server.ts';
import { World } from './support/world.ts';

/** Waits as long as a busy machine needs. */
const WAIT = { timeout: 60_000 };

let single: RedisEngineOptions;
let cluster: RedisEngineOptions;

beforeAll(async () => {
  single = { urls: [(await startRedis()).url] };
  cluster = { urls: (await startCluster()).map(({ url }) => url), cluster: true };
});

/** A gateway whose clock the test advances. The engine has that of the machine. */
interface RedisNode {
  readonly world: World;
  readonly engine: NodeEngine;
}

const nodes: RedisNode[] = [];
const engines: SharedEngine[] = [];

afterEach(async () => {
  for (const { world } of nodes.splice(0)) {
    const closing = world.gateway.close();
    world.clock.advance(60_000);
    await closing;
  }
  for (const engine of engines.splice(0)) await engine.close();
});

let channels = 0;
const newChannel = () => `later:${++channels}`;

const bounds = { allow: { '*': 'users' }, history: { count: 1_000, age: '1d' }, schedule: {} } as const;

async function start(options: RedisEngineOptions, schedules: ConfigInput['schedules'] = {}): Promise<RedisNode> {
  const shared = new SharedEngine(new RedisEngine({ timeout: 10_000, ...options }));
  engines.push(shared);
  const engine = shared.node();
  const channels = { 'later:{id}': bounds, 'few:{id}': { ...bounds, schedule: { max: 3 } } };
  const world = new World({ channels, schedules }, { engine: () => engine });
  world.clock.set((nodes[0]?.world.clock.now() ?? Date.now()) - world.clock.now());
  await world.gateway.start();
  nodes.push({ world, engine });
  return { world, engine };
}

/** Lets time pass on all nodes, in steps at whose end Redis has answered. */
async function pass(duration: number): Promise<void> {
  for (let left = duration; left > 0; left -= 50) {
    for (const { world } of nodes) world.clock.advance(Math.min(50, left));
    for (let quiet = 0; quiet < 8; quiet = nodes.some(({ engine }) => engine.pending > 0) ? 0 : quiet + 1) {
      await nextTurn();
    }
  }
}

async function dataOf({ world }: RedisNode, channel: string): Promise<unknown[]> {
  const { messages } = await world.services.log.read(channel, 0, 1_000);
  return messages.map(({ message }) => message.data);
}

/** Lets time pass until the channel has so many messages, and then some more. */
async function published(node: RedisNode, channel: string, count: number): Promise<unknown[]> {
  await expect
    .poll(async () => {
      await pass(250);
      return (await dataOf(node, channel)).length;
    }, WAIT)
    .toBeGreaterThanOrEqual(count);
  await pass(2_000);
  return dataOf(node, channel);
}

const range = (count: number) => Array.from({ length: count }, (_, at) => at);

describe.each([
  { name: 'one Redis', options: () => single },
  { name: 'a Redis Cluster', options: () => cluster },
])('schedules on $name', ({ options }) => {
  it('are published once, in the order of their times, by two nodes', async () => {
    const [one, two] = [await start(options()), await start(options())];
    const channel = newChannel();
    const at = one.world.clock.now() + 1_000;
    for (const data of range(20).reverse()) {
      const { gateway } = (data % 2 === 0 ? one : two).world;
      await gateway.schedule(channel, data, { at: at + 20 * data });
    }
    expect(await published(two, channel, 20)).toEqual(range(20));
    expect((await one.world.gateway.schedules(channel)).messages).toEqual([]);
  });

  it('are limited over both nodes, which accept some at the same time', async () => {
    const both = [await start(options()), await start(options())] as const;
    const channel = `few:${++channels}`;
    const accept = () =>
      range(10).map((data) =>
        (both[data % 2] as RedisNode).world.gateway.schedule(channel, data, { delay: 1_000 }).then(
          ({ id }) => id,
          (error: Error) => error.name,
        ),
      );
    const outcomes = await Promise.all(accept());
    expect(outcomes.filter((outcome) => outcome === 'too_many_scheduled')).toHaveLength(7);
    const [id = ''] = outcomes.filter((outcome) => outcome !== 'too_many_scheduled');
    await both[1].world.gateway.unschedule(channel, id);
    expect((await Promise.all(accept())).filter((outcome) => outcome === 'too_many_scheduled')).toHaveLength(9);
    expect(await published(both[0], channel, 3)).toHaveLength(3);
  });

  it('are listed and withdrawn by a node as soon as another has accepted them', async () => {
    const [one, two] = [await start(options()), await start(options())];
    const channel = newChannel();
    // Without a look at the list, which would have read what the other node has accepted.
    for (const data of range(20)) {
      const { id } = await one.world.gateway.schedule(channel, data, { delay: 1_000 });
      await two.world.gateway.unschedule(channel, id);
    }
    for (const data of range(5)) {
      const { id } = await one.world.gateway.schedule(channel, data, { delay: 1_000 });
      expect((await two.world.gateway.schedules(channel)).messages).toMatchObject([{ id, data }]);
      await two.world.gateway.unschedule(channel, id);
      expect((await one.world.gateway.schedules(channel)).messages).toEqual([]);
    }
    await one.world.gateway.schedule(channel, 'last', { delay: 2_000 });
    expect(await published(two, channel, 1)).toEqual(['last']);
  });

  it.each([0, 1, 2, 3, 4])(
    'are published once if their node dies after %i operations from the time on',
    async (operations) => {
      const [dying, other] = [await start(options()), await start(options())];
      const channel = newChannel();
      for (const data of range(2)) await dying.world.gateway.schedule(channel, data, { delay: 1_000 });
      dying.engine.killAfter(operations);
      expect(await published(other, channel, 2)).toEqual([0, 1]);
    },
  );

  it('recur once on two nodes, one of which dies, and over a restart of all', async () => {
    const channel = newChannel();
    const schedules = { [`tick-${channels}`]: { channel, cron: '* * * * * *', catchUp: 'once' } } as const;
    const [dying, other] = [await start(options(), schedules), await start(options(), schedules)];
    await published(other, channel, 3);
    dying.engine.killAfter(1);
    await published(other, channel, 6);
    other.engine.killAfter(0);
    const last = await start(options(), schedules);
    const count = (await dataOf(last, channel)).length;
    await published(last, channel, count + 2);
    const { messages } = await last.world.services.log.read(channel, 0, 1_000);
    const seconds = messages.map(({ message: { time } }) => Math.floor(time / 1_000));
    expect(new Set(seconds).size).toBe(seconds.length);
    // A second in which a node died comes a quarter of a second late, and none is missed.
    expect((seconds.at(-1) ?? 0) - (seconds[0] ?? 0)).toBe(seconds.length - 1);
  });
});
