import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts';
import { ManualClock } from '../../util/clock.ts';
import type { AppendOptions } from '../engine.ts';
import { LogIndex } from './log-index.ts';
import { RedisEngine } from './redis-engine.ts';
import type { Script } from './script.ts';
import { Keys, type Shard } from './shard.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEEP: AppendOptions = { retention: { count: 10, age: HOUR }, window: 0 };
const KEEP_LONG: AppendOptions = { retention: { count: 10, age: 30 * DAY }, window: 0 };

let server: RedisServer;
let count = 0;
beforeAll(async () => {
  server = await startRedis();
});

async function start() {
  const clock = new ManualClock();
  const prefix = `index${++count}:`;
  const engine = new RedisEngine({ urls: [server.url], prefix, clock });
  await engine.start({ deliver: () => {} });
  const append = async (channel: string, options = KEEP) => {
    await engine.log.append(channel, { id: `m${++count}`, time: clock.now(), data: 1 }, options);
    await engine.sync();
  };
  const names = (): Promise<unknown> => server.command('ZRANGE', `${prefix}{!}:logs`, '0', '-1');
  return { clock, engine, append, names };
}

describe('the names of the channels with messages', () => {
  it('do not grow: those whose log has gone are removed when others are added', async () => {
    const { clock, engine, append, names } = await start();
    for (const channel of ['a', 'b', 'c']) await append(channel);
    await append('long', KEEP_LONG);
    clock.advance(DAY);
    expect(await names()).toEqual(['a', 'b', 'c', 'long']);
    await append('d');
    await expect.poll(names).toEqual(['c', 'd', 'long']);
    await append('e');
    await expect.poll(names).toEqual(['d', 'e', 'long']);
    expect(await engine.log.channels('', 100)).toEqual({ channels: ['d', 'e', 'long'], upTo: null });
    await engine.close();
  });

  it('stay as long as a node appends', async () => {
    const { clock, engine, append, names } = await start();
    await append('a');
    for (let hours = 0; hours < 30; hours++) {
      clock.advance(HOUR);
      await append('a');
    }
    await append('b');
    expect(await names()).toEqual(['a', 'b']);
    expect(await engine.log.channels('', 100)).toEqual({ channels: ['a', 'b'], upTo: null });
    await engine.close();
  });

  it('are noted once an hour by each node, and again if Redis was away', async () => {
    const calls: (readonly string[])[] = [];
    let isAway = true;
    const run = async (_: Script, __: readonly string[], values: readonly (string | number)[]) => {
      calls.push(values.slice(2).map(String));
      if (isAway) throw new Error('away');
      return [];
    };
    const shard = { commands: { run } } as unknown as Shard;
    const clock = new ManualClock();
    const index = new LogIndex({ shards: [shard], shardOf: () => shard, keys: new Keys('p:'), clock });
    const note = async (channel: string) => {
      index.note(channel);
      await nextTurn(); // it is sent
      await nextTurn(); // it has failed
    };
    await note('a');
    isAway = false;
    await note('b');
    for (let times = 0; times < 3; times++) await note('a');
    expect(calls).toEqual([['a'], ['a', 'b']]);
    clock.advance(HOUR);
    await note('a');
    expect(calls.at(-1)).toEqual(['a']);
    expect(calls).toHaveLength(3);
  });
});
