import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { EngineUnavailable } from '../engine.ts';
import type { Commands } from './commands.ts';
import type { Feed } from './feed.ts';
import { ENTER, LEAVE, LIST, REAP, SETTLE } from './presence-scripts.ts';
import { RedisPresence } from './redis-presence.ts';
import type { Script } from './script.ts';
import { Keys } from './shard.ts';

const NAMES = new Map<Script, string>([
  [ENTER, 'enter'],
  [LEAVE, 'leave'],
  [SETTLE, 'settle'],
  [REAP, 'reap'],
  [LIST, 'list'],
]);
const ADA = { channel: 'room', connection: 'c1', user: 'ada' };
const GRACE = 5_000;
const away = new EngineUnavailable('away');

let clock: ManualClock;
let presence: RedisPresence;
/** Names of the scripts that were run. */
let runs: string[];
/** Scripts, by name, that fail. */
let failing: Set<string>;
/** Whether the node's lease is held. */
let isLeased: boolean;
let calls: string[];
let subscribed: string[];

beforeEach(() => {
  clock = new ManualClock();
  [runs, failing, isLeased, calls, subscribed] = [[], new Set(), true, [], []];
  const commands = {
    run: async (script: Script) => {
      const name = NAMES.get(script) ?? 'unknown';
      runs.push(name);
      if (failing.has(name)) throw away;
      return name === 'list' ? ['1', 0, '0'] : null;
    },
    call: async (name: string, key: string) => {
      calls.push(`${name} ${key.replace(/node:.{12}/, 'node:x')}`);
      if (failing.has(name)) throw away;
      if (name === 'smembers') return [];
      return name === 'set' && !isLeased ? null : 'OK';
    },
  } as unknown as Commands;
  const feed: Feed = {
    trouble: undefined,
    connect: async () => {},
    subscribe: async (name) => void subscribed.push(name),
    unsubscribe: (name) => {
      subscribed = subscribed.filter((other) => other !== name);
    },
    sync: async () => {},
    close: () => {},
  };
  const shard = { commands, feed, publish: 'PUBLISH' as const };
  presence = new RedisPresence({ shards: [shard], shardOf: () => shard, keys: new Keys('p:'), clock, lease: 1_000 });
  presence.start(() => {});
});

const soon = () => new Promise((resolve) => setImmediate(resolve));

/** Loses the lease and takes it again. */
async function lapse(): Promise<void> {
  isLeased = false;
  await presence.beat();
  isLeased = true;
  await soon();
}

describe('presence in Redis', () => {
  it('claims present members again after the lease was lost, and no one who has left', async () => {
    await presence.enter(ADA);
    await presence.enter({ ...ADA, connection: 'c2' });
    await presence.leave({ ...ADA, connection: 'c2' }, 0);
    runs.length = 0;
    await lapse();
    expect(runs).toEqual(['enter']);
  });

  it('undoes a refused enter, since it may have been executed, and no longer claims it', async () => {
    failing.add('enter');
    await expect(presence.enter(ADA)).rejects.toBe(away);
    failing.clear();
    runs.length = 0;
    await presence.beat();
    expect(runs).toEqual(['leave']);
    await presence.beat();
    await lapse();
    expect(runs).toEqual(['leave']);
  });

  it('carries out a leave that was refused as soon as it can, once', async () => {
    await presence.enter(ADA);
    failing.add('leave');
    await expect(presence.leave(ADA, 0)).rejects.toBe(away);
    runs.length = 0;
    await presence.beat();
    failing.clear();
    await presence.beat();
    await presence.beat();
    expect(runs).toEqual(['leave', 'leave']);
  });

  it('forgets a leave that was refused where the connection enters again', async () => {
    await presence.enter(ADA);
    failing.add('leave');
    await expect(presence.leave(ADA, 0)).rejects.toBe(away);
    failing.clear();
    await presence.enter(ADA);
    runs.length = 0;
    await presence.beat();
    expect(runs).toEqual([]);
  });

  it('ends a grace that passed while Redis was away as soon as it can, once', async () => {
    await presence.enter(ADA);
    await presence.leave(ADA, GRACE);
    failing.add('settle');
    clock.advance(GRACE);
    await soon();
    runs.length = 0;
    failing.clear();
    await presence.beat();
    await presence.beat();
    expect(runs).toEqual(['settle']);
  });

  it('lists a channel in its lease before the first member enters, and removes it after the last has left', async () => {
    await Promise.all([presence.enter(ADA), presence.enter({ ...ADA, connection: 'c2' })]);
    expect(calls.filter((call) => call.endsWith(':channels'))).toEqual(['sadd p:node:x:channels']);
    await presence.leave(ADA, 0);
    expect(calls.filter((call) => call.startsWith('srem'))).toEqual([]);
    await presence.leave({ ...ADA, connection: 'c2' }, 0);
    await soon();
    expect(calls.filter((call) => call.startsWith('srem'))).toEqual(['srem p:node:x:channels']);
  });

  it('names it again where that has failed', async () => {
    failing.add('sadd');
    await expect(presence.enter(ADA)).rejects.toBe(away);
    failing.clear();
    await presence.enter(ADA);
    expect(calls.at(-1)).toBe('sadd p:node:x:channels');
  });

  it('subscribes to watched channels only', async () => {
    for (const channel of ['a', 'b']) presence.watch(channel);
    presence.unwatch('a');
    await presence.roster('b');
    expect(subscribed).toHaveLength(1);
    expect(subscribed[0]).toContain('b');
  });

  it('leaves no timer behind', async () => {
    await presence.enter(ADA);
    await presence.leave(ADA, GRACE);
    expect(clock.running).toBe(1);
    presence.close();
    expect(clock.running).toBe(0);
    await presence.leave({ ...ADA, connection: 'c2' }, GRACE);
    expect(clock.running).toBe(0);
  });
});
