import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { EngineUnavailable } from '../engine.ts';
import type { Commands } from './commands.ts';
import type { Feed, Listener } from './feed.ts';
import { RedisLog } from './redis-log.ts';
import { Keys } from './shard.ts';

/** Index of the argument with the message id at the known head. */
const ASKED = 5;
const KEEP = { retention: { count: 10, age: 60_000 }, window: 0 };

let listeners: Map<string, Listener>;
let runs: (string | number)[][];
let answer: () => Promise<unknown>;
let refusal: Error | undefined;
let synced: number;
let interrupted: string[];
let log: RedisLog;

beforeEach(() => {
  [listeners, runs, interrupted, synced, refusal] = [new Map(), [], [], 0, undefined];
  answer = async () => ['e 1 m1'];
  const feed: Feed = {
    trouble: undefined,
    connect: async () => {},
    subscribe: async (name, listener) => {
      if (refusal !== undefined) throw refusal;
      listeners.set(name, listener);
    },
    unsubscribe: (name) => void listeners.delete(name),
    sync: async () => void synced++,
    close: () => {},
  };
  const run = (_script: unknown, [key]: readonly string[], values: (string | number)[]) => {
    if (key === 'p:{!}:logs') return Promise.resolve([]); // the names of the channels
    runs.push(values);
    return answer();
  };
  const commands = { run, together: (send: () => void) => send() } as unknown as Commands;
  const shard = { commands, feed, publish: 'PUBLISH' as const };
  log = new RedisLog({ shards: [shard], shardOf: () => shard, keys: new Keys('p:'), clock: new ManualClock() });
  log.listener = { deliver: () => {}, interrupted: (channel) => void interrupted.push(channel) };
});

const append = () => log.append('a', { id: 'm1', time: 1, data: 1 }, KEEP);

function onlyListener(): Listener {
  const [listener] = listeners.values();
  if (listener === undefined || listeners.size !== 1) throw new Error(`there are ${listeners.size} subscriptions`);
  return listener;
}

describe('the log in Redis', () => {
  it('asks for the message that it knows after its feed was lost, until Redis has confirmed it', async () => {
    await log.watch('a');
    await append();
    await append();
    onlyListener().restored();
    expect(interrupted).toEqual(['a']);
    await append();
    await append();
    expect(runs.map((values) => values[ASKED])).toEqual(['', '', 'm1', '']);
  });

  it('has no watch where the subscription was refused', async () => {
    refusal = new EngineUnavailable('down');
    await expect(log.watch('a')).rejects.toBe(refusal);
    expect([...log.watched]).toEqual([]);
  });

  it('reads again after all pending announcements before it reports a loss', async () => {
    await log.watch('a');
    const verified = (epoch: string, head: number) => {
      answer = async () => [epoch, String(head)];
      return log.check('a');
    };
    await verified('e', 5); // nothing was announced yet: nothing is known to be missed
    onlyListener().message('e 6 1 20 {"id":"m6","data":1}');
    await verified('e', 6);
    expect([synced, interrupted]).toEqual([0, []]);
    await verified('e', 7);
    expect([synced, interrupted]).toEqual([1, ['a']]);
    await verified('f', 1);
    expect([synced, interrupted]).toEqual([2, ['a', 'a']]);
    log.unwatch('a');
    await verified('f', 9);
    expect([synced, interrupted]).toEqual([2, ['a', 'a']]);
  });

  it('reports a new epoch if another was known', async () => {
    await log.watch('a');
    onlyListener().message('! e');
    expect(interrupted).toEqual([]);
    await append();
    onlyListener().message('! e');
    expect(interrupted).toEqual([]);
    onlyListener().message('! f');
    expect(interrupted).toEqual(['a']);
  });
});
