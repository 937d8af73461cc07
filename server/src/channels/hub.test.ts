import { describe, expect, it, vi } from 'vitest';
import { StubFanout, StubSubscriber } from '../../test/support/stub-subscriber.ts';
import { parseConfig } from '../config/schema.ts';
import { EngineUnavailable } from '../engine/engine.ts';
import { LoggedMessage } from '../engine/logged-message.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus, type Events } from '../events.ts';
import type { SlowPolicy } from '../rule.ts';
import { ManualClock } from '../util/clock.ts';
import { Turn } from '../util/turn.ts';
import type { Variant } from './audience.ts';
import { Cursor } from './cursor.ts';
import { Hub } from './hub.ts';
import { Replayer } from './replay.ts';

function setUp({ count = 100, slow = 'replay' }: { count?: number; slow?: SlowPolicy } = {}) {
  const history = slow === 'drop' ? false : { count, age: '1h' };
  const [rule] = parseConfig({ anonymous: true, channels: { a: { history, slow } } }).channels;
  if (rule === undefined) throw new Error('there is no rule');
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  const deferred: (() => void)[] = [];
  const turn = new Turn((task) => deferred.push(task));
  const events = new EventBus();
  const fanout = new StubFanout();
  const replayer = new Replayer({ log: engine, events, turn, clock });
  const hub = new Hub({ log: engine, fanout, replayer, events, turn, clock });
  turn.atEnd(() => hub.flush());
  turn.atEnd(() => replayer.run());
  engine.start({ deliver: (channel, epoch, message) => hub.deliver(channel, epoch, message) });

  const publish = (times = 1, size = 1) => {
    for (let at = 0; at < times; at++) {
      const entry = { id: 'm', time: clock.now(), data: 'x'.repeat(size) };
      engine.append('a', entry, { retention: rule.history, window: 0 });
    }
  };
  const subscribe = (
    start: Parameters<Hub['subscribe']>[2] = {},
    subscriber = new StubSubscriber(),
    variant?: Variant,
  ) => {
    fanout.subscribers.push(subscriber);
    const cursor = hub.subscribe(subscriber, { name: 'a', rule, variant }, start);
    if (!(cursor instanceof Cursor)) throw new Error('the memory engine answers at once');
    subscriber.standings.add(cursor);
    return { cursor, subscriber };
  };
  /** Runs one turn. Returns whether one was due. */
  const step = () => deferred.splice(0).map((task) => task()).length > 0;
  const settle = () => {
    while (step());
  };
  return { hub, replayer, engine, events, fanout, publish, subscribe, step, settle, clock };
}

describe('the hub', () => {
  it('sends all messages of a turn as one frame', () => {
    const { publish, subscribe, settle, fanout } = setUp();
    const { subscriber } = subscribe();
    publish(3);
    expect(subscriber.summary).toEqual([]);
    settle();
    publish(1);
    settle();
    expect(subscriber.summary).toEqual(['1-3', '4']);
    expect(fanout.published).toBe(2);
  });

  it('goes on with all other channels after a mistake with one, whose cursors read on from the log', () => {
    const { hub, engine, publish, subscribe, step, settle, fanout, clock } = setUp();
    const { cursor, subscriber } = subscribe();
    const other = new StubSubscriber();
    fanout.subscribers.push(other);
    other.standings.add(hub.subscribe(other, { name: 'b', rule: cursor.channel.rule }, {}) as Cursor);
    vi.spyOn(fanout, 'publish').mockImplementationOnce(() => {
      throw new Error('broken');
    });
    publish();
    engine.append('b', { id: 'm', time: clock.now(), data: 1 }, { retention: null, window: 0 });
    expect(step).toThrow('broken');
    settle();
    expect(other.summary).toEqual(['1']);
    publish();
    settle();
    expect(subscriber.summary).toEqual(['replaying', '1', 'live', '2']);
  });

  it('reports how many messages were sent to how many subscribers', () => {
    const { publish, subscribe, settle, events } = setUp();
    const results: Events['delivered'][] = [];
    events.on('delivered', (event) => results.push(event));
    for (const id of ['a', 'b', 'c']) subscribe({}, new StubSubscriber(id));
    publish(2);
    settle();
    expect(results).toMatchObject([
      { channel: 'a', rule: 'a', after: 0, offset: 2, deliveries: 6, bytes: expect.any(Number) },
    ]);
  });

  it('keeps a channel as long as somebody is subscribed', () => {
    const { hub, subscribe, publish, settle } = setUp();
    const [first, second] = [subscribe(), subscribe()];
    expect(hub.size).toBe(1);
    hub.unsubscribe(first.cursor);
    expect(hub.size).toBe(1);
    hub.unsubscribe(second.cursor);
    hub.unsubscribe(second.cursor);
    expect(hub.size).toBe(0);
    publish();
    settle();
    expect(second.subscriber.summary).toEqual([]);
  });

  it('says nothing to those who left in the same turn', () => {
    const { hub, subscribe, publish, settle } = setUp();
    const { subscriber, cursor } = subscribe();
    publish();
    hub.unsubscribe(cursor);
    settle();
    expect(subscriber.summary).toEqual([]);
  });

  it.each([
    [{}, 'live', 10, ['live'] as string[]],
    [{ rewind: 0 }, 'live', 10, []],
    [{ rewind: 3 }, 'replaying', 7, ['8-10', 'live']],
    [{ rewind: 99 }, 'replaying', 2, ['3-10', 'live']],
    [{ since: 0 }, 'replaying', 2, ['3-10', 'live']],
    [{ since: Number.MAX_SAFE_INTEGER }, 'live', 10, []],
  ])('opens a cursor with %j: %s after %i', (start, state, offset, summary) => {
    const { subscribe, publish, settle } = setUp({ count: 8 });
    publish(10);
    const { cursor, subscriber } = subscribe(start);
    expect([cursor.state, cursor.offset]).toEqual([state, offset]);
    settle();
    expect(cursor.state).toBe('live');
    expect(subscriber.summary).toEqual(summary[0] === 'live' && summary.length === 1 ? [] : summary);
  });

  it.each([
    ['at the head', 0, 10, 'live', []],
    ['behind', 0, 6, 'replaying', ['7-10', 'live']],
    ['before what is kept', 0, 1, 'replaying', ['gap 1>2 retention', '3-10', 'live']],
    ['ahead of the log', 0, 12, 'replaying', ['gap 12>2 epoch_changed', '3-10', 'live']],
    ['in another life', 1, 5, 'replaying', ['gap 5>2 epoch_changed', '3-10', 'live']],
  ] as const)('opens a cursor with a position %s', (_, life, offset, state, summary) => {
    const { subscribe, publish, settle, engine } = setUp({ count: 8 });
    publish(10);
    const { epoch } = engine.read('a', 0, 0);
    const { cursor, subscriber } = subscribe({ position: { epoch: life === 0 ? epoch : 'other', offset } });
    expect(cursor.state).toBe(state);
    settle();
    expect(subscriber.summary).toEqual(summary);
    expect([cursor.state, cursor.atHead]).toEqual(['live', true]);
  });

  it('goes on from the log for a connection that overflowed, from before the doubtful fan-out', () => {
    const { hub, subscribe, publish, settle, step } = setUp();
    const { subscriber, cursor } = subscribe();
    publish(2);
    settle();
    publish(2);
    step(); // fanned out, and refused in part
    subscriber.connection.congested = true;
    hub.refused(subscriber);
    publish(1);
    settle();
    expect([cursor.state, cursor.offset, subscriber.connection.topics.size]).toEqual(['replaying', 2, 0]);
    expect(subscriber.summary).toEqual(['1-2', '3-4', 'replaying']);
  });

  it.each<[SlowPolicy, string[]]>([
    ['replay', ['4-6', 'live']],
    ['latest', ['gap 3>6 slow_reader 6', 'live']],
    ['drop', ['gap 3>6 slow_reader', 'live']],
  ])('does for a slow reader what the rule says: %s', (slow, summary) => {
    const { hub, replayer, subscribe, publish, settle, step } = setUp({ slow });
    const { subscriber } = subscribe();
    publish(3);
    settle();
    publish(1);
    step(); // fanned out, and refused
    hub.refused(subscriber);
    subscriber.connection.congested = true;
    publish(2);
    settle();
    expect(subscriber.summary).toEqual(['1-3', '4', 'replaying']);
    subscriber.connection.congested = false;
    replayer.wake(subscriber);
    settle();
    expect(subscriber.summary.slice(3)).toEqual(summary);
  });

  it('sends each variant what it shows of a message, by fan-out, replay and gap, encoded once for all who share it', () => {
    const { publish, subscribe, settle, fanout, hub } = setUp({ slow: 'latest' });
    let views = 0;
    const variant: Variant = {
      key: 'bare',
      view: ({ message: { id, offset, time } }) => {
        views++;
        return LoggedMessage.of({ id, offset, time, data: null });
      },
    };
    publish(2);
    const plain = subscribe().subscriber;
    const bare = ['c2', 'c3'].map((id) => subscribe({ rewind: 2 }, new StubSubscriber(id), variant).subscriber);
    settle();
    expect(views).toBe(4); // replay is read for each
    publish();
    settle();
    publish(2);
    settle();
    expect([views, fanout.published]).toEqual([4 + 3, 4]);
    hub.refused(bare[0] as StubSubscriber);
    publish();
    settle();
    const dataOf = ({ received }: StubSubscriber) =>
      received.flatMap((push) =>
        push.type === 'messages' ? push.messages : push.type === 'gap' ? (push.latest ?? []) : [],
      );
    expect(dataOf(plain).map(({ offset, data }) => [offset, data])).toEqual(
      [3, 4, 5, 6].map((offset) => [offset, 'x']),
    );
    for (const one of bare) expect(dataOf(one).every(({ data }) => data === null)).toBe(true);
    expect(bare[0]?.summary).toContain('gap 3>6 slow_reader 6');
  });

  it('closes the connection of a slow reader where the rule says so', () => {
    const { hub, subscribe, settle } = setUp({ slow: 'disconnect' });
    const { subscriber } = subscribe();
    hub.refused(subscriber);
    settle();
    expect(subscriber.cut).toBe(1);
  });

  it('forgets an overflow of a connection that has gone', () => {
    const { hub, subscribe, settle } = setUp({ slow: 'disconnect' });
    const { subscriber } = subscribe();
    hub.refused(subscriber);
    hub.forget(subscriber);
    settle();
    expect(subscriber.cut).toBe(0);
  });

  it('takes an announcement once', () => {
    const { hub, engine, subscribe, publish, settle } = setUp();
    const { subscriber } = subscribe();
    publish(2);
    const { epoch, messages } = engine.read('a', 0, 10);
    for (const message of messages) hub.deliver('a', epoch, message);
    settle();
    expect(subscriber.summary).toEqual(['1-2']);
  });

  it('reads what was not announced from the log', () => {
    const { hub, engine, subscribe, publish, settle } = setUp();
    const { subscriber } = subscribe();
    publish(1);
    settle();
    engine.unwatch('a'); // the feed is broken
    publish(3);
    engine.watch('a');
    publish(1);
    settle();
    expect(subscriber.summary).toEqual(['1', 'replaying', '1-5', 'live']);
    expect(hub.size).toBe(1);
  });

  describe('after an interruption of the feed', () => {
    const deaf = (engine: MemoryEngine, act: () => void) => {
      engine.unwatch('a');
      act();
      engine.watch('a');
    };

    it('goes on where nothing was missed, and nobody notices', () => {
      const { hub, subscribe, publish, settle } = setUp();
      const { subscriber, cursor } = subscribe();
      hub.interrupted('a');
      settle();
      publish();
      settle();
      expect(cursor.state).toBe('live');
      expect(subscriber.summary).toEqual(['1']);
    });

    it('reads what was missed from the log, although nothing is announced any more', () => {
      const { hub, engine, subscribe, publish, settle } = setUp();
      const { subscriber, cursor } = subscribe();
      publish();
      settle();
      deaf(engine, () => publish(3));
      settle();
      expect(subscriber.summary).toEqual(['1']);
      hub.interrupted('a');
      settle();
      expect(cursor.state).toBe('live');
      expect(subscriber.summary).toEqual(['1', 'replaying', '1-4', 'live']);
    });

    it('asks again where the log cannot be asked', async () => {
      const { hub, engine, subscribe, publish, settle, clock } = setUp();
      const { subscriber } = subscribe();
      deaf(engine, () => publish(2));
      const away = Promise.reject(new EngineUnavailable('away'));
      const read = vi.spyOn(engine, 'read').mockReturnValueOnce(away as never);
      hub.interrupted('a');
      await away.catch(() => {});
      await expect.poll(() => clock.running).toBe(2); // the engine's own, and this one
      read.mockRestore();
      clock.advance(1_000);
      settle();
      expect(subscriber.summary).toEqual(['replaying', '1-2', 'live']);
    });

    it('has nothing to do for a channel without cursors', () => {
      const { hub, settle } = setUp();
      hub.interrupted('a');
      settle();
      expect(hub.size).toBe(0);
    });
  });
});
