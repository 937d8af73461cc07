import { describe, expect, it } from 'vitest';
import { StubFanout, StubSubscriber } from '../../test/support/stub-subscriber.ts';
import { parseConfig } from '../config/schema.ts';
import { EngineUnavailable, type Log, type Page } from '../engine/engine.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus } from '../events.ts';
import type { Rule } from '../rule.ts';
import { ManualClock } from '../util/clock.ts';
import { Turn } from '../util/turn.ts';
import { Cursor } from './cursor.ts';
import { Hub } from './hub.ts';
import { Replayer } from './replay.ts';

const [rule] = parseConfig({
  anonymous: true,
  channels: { '{name}': { history: { count: 100_000, age: '1h' } } },
}).channels;
const RULE = rule as Rule;

function setUp(wrap: (log: Log) => Log = (log) => log) {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  const log = wrap(engine);
  const deferred: (() => void)[] = [];
  const turn = new Turn((task) => deferred.push(task));
  const events = new EventBus();
  const replayer = new Replayer({ log, events, turn, clock });
  const hub = new Hub({ log, fanout: new StubFanout(), replayer, events, turn, clock });
  turn.atEnd(() => hub.flush());
  turn.atEnd(() => replayer.run());
  engine.start({ deliver: (channel, epoch, message) => hub.deliver(channel, epoch, message) });
  const fill = (channel: string, count: number, size = 1) => {
    for (let at = 0; at < count; at++) {
      const entry = { id: 'm', time: clock.now(), data: 'x'.repeat(size) };
      engine.append(channel, entry, { retention: RULE.history, window: 0 });
    }
  };
  const subscribe = async (subscriber: StubSubscriber, name: string, rewind: number) => {
    const cursor = await hub.subscribe(subscriber, { name, rule: RULE }, { rewind });
    if (!(cursor instanceof Cursor)) throw new Error('the subscription was refused');
    subscriber.standings.add(cursor);
    return cursor;
  };
  const step = () => deferred.splice(0).map((task) => task()).length > 0;
  return { clock, events, replayer, fill, subscribe, step };
}

const count = (subscriber: StubSubscriber): number =>
  subscriber.received.reduce((sum, message) => sum + (message.type === 'messages' ? message.messages.length : 0), 0);

describe('the replayer', () => {
  it('gives no connection more than it has room for, and goes on when it is woken', async () => {
    const { fill, subscribe, step, replayer } = setUp();
    fill('a', 500, 1_000);
    const subscriber = new StubSubscriber();
    const { connection } = subscriber;
    subscriber.onFrame = (bytes) => {
      connection.buffered += bytes;
    };
    const cursor = await subscribe(subscriber, 'a', 500);
    let rounds = 0;
    for (; cursor.state === 'replaying'; rounds++) {
      while (step()) expect(connection.buffered).toBeLessThan(65_536 + 16_384);
      connection.buffered = 0;
      replayer.wake(subscriber);
    }
    expect(rounds).toBeGreaterThan(5);
    expect(count(subscriber)).toBe(500);
  });

  it.each([
    ['small', 100, 1.1],
    ['large', 60_000, 1.5],
  ])('fetches little more than it sends of messages that are %s', async (_, size, most) => {
    let fetched = 0;
    const { fill, subscribe, step, replayer } = setUp((log) => {
      const read = log.read.bind(log);
      log.read = (...given) => {
        const page = read(...given) as Page;
        fetched += page.messages.length;
        return page;
      };
      return log;
    });
    fill('a', 2_000, size);
    const subscriber = new StubSubscriber();
    const { connection } = subscriber;
    subscriber.onFrame = (bytes) => {
      connection.buffered += bytes;
    };
    const cursor = await subscribe(subscriber, 'a', 2_000);
    for (; cursor.state === 'replaying'; replayer.wake(subscriber)) {
      while (step());
      connection.buffered = 0;
    }
    expect(count(subscriber)).toBe(2_000);
    expect(fetched).toBeLessThan(2_000 * most);
  });

  it('sends no more in one turn than would be felt, however many cursors wait', async () => {
    const { fill, subscribe, step } = setUp();
    const subscriber = new StubSubscriber();
    for (let at = 0; at < 200; at++) {
      fill(`a${at}`, 128);
      await subscribe(subscriber, `a${at}`, 128);
    }
    let before = 0;
    while (step()) {
      expect(count(subscriber) - before).toBeLessThan(4_096 + 256);
      before = count(subscriber);
    }
    expect(count(subscriber)).toBe(200 * 128);
  });

  it('serves connections in turns', async () => {
    const { fill, subscribe, step } = setUp();
    fill('a', 10_000);
    const [first, second] = [new StubSubscriber('c1'), new StubSubscriber('c2')];
    await subscribe(first, 'a', 10_000);
    await subscribe(second, 'a', 10_000);
    step();
    expect(count(first)).toBeGreaterThan(1_000);
    expect(Math.abs(count(first) - count(second))).toBeLessThan(300);
  });

  it('sends nothing to a connection that is congested', async () => {
    const { fill, subscribe, step, replayer } = setUp();
    fill('a', 10);
    const subscriber = new StubSubscriber();
    subscriber.connection.congested = true;
    const cursor = await subscribe(subscriber, 'a', 0);
    while (step());
    expect([cursor.state, subscriber.summary]).toEqual(['replaying', []]);
    subscriber.connection.congested = false;
    replayer.wake(subscriber);
    while (step());
    expect([cursor.state, subscriber.summary]).toEqual(['live', ['live']]);
  });

  it('asks again, a while later, when the log could not be read', async () => {
    let away = false;
    const { clock, events, fill, subscribe, step } = setUp((log) => ({
      append: log.append.bind(log),
      seek: log.seek.bind(log),
      watch: log.watch.bind(log),
      unwatch: log.unwatch.bind(log),
      read: async (...given): Promise<Page> => {
        if (away) throw new EngineUnavailable('away');
        return log.read(...given);
      },
    }));
    const timers = clock.running;
    const faults: unknown[] = [];
    events.on('fault', (fault) => faults.push(fault));
    fill('a', 10);
    const subscriber = new StubSubscriber();
    const cursor = await subscribe(subscriber, 'a', 5);
    away = true;
    for (let turn = 0; turn < 5; turn++) {
      step();
      await Promise.resolve();
    }
    expect([cursor.state, clock.running - timers, faults]).toEqual(['replaying', 1, []]);
    away = false;
    clock.advance(1_000);
    for (let turn = 0; turn < 20; turn++) {
      step();
      await Promise.resolve();
    }
    expect([cursor.state, subscriber.summary, clock.running]).toEqual(['live', ['6-10', 'live'], timers]);
  });
});
