import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StubFanout, StubSubscriber } from '../../test/support/stub-subscriber.ts';
import { parseConfig } from '../config/schema.ts';
import { LoggedMessage } from '../engine/logged-message.ts';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import { Turn } from '../util/turn.ts';
import { PLAIN } from './audience.ts';
import { COALESCED_MESSAGES } from './budgets.ts';
import { Channel } from './channel.ts';
import type { OpenChannel } from './channel-opener.ts';
import { FanOut } from './fan-out.ts';

/** Channels `a` and `b`, each with one subscriber, and their windows. */
function setUp(windows: Readonly<Record<string, number>>) {
  const clock = new ManualClock();
  const fanout = new StubFanout();
  const deferred: (() => void)[] = [];
  const turn = new Turn((task) => deferred.push(task));
  const fanOut = new FanOut({ fanout, events: new EventBus(), turn, clock, failed: () => {} });
  turn.atEnd(() => fanOut.flush());
  const endTurn = () => {
    for (const task of deferred.splice(0)) task();
  };

  const open = (name: string, coalesce: number) => {
    const [rule] = parseConfig({ anonymous: true, channels: { [name]: { coalesce } } }).channels;
    if (rule === undefined) throw new Error('there is no rule');
    const channel: OpenChannel = new Channel(name, rule, { epoch: 'e', head: 0 });
    const subscriber = new StubSubscriber(name);
    fanout.subscribers.push(subscriber);
    channel.audiences.join(subscriber, PLAIN);
    const publish = (times = 1) => {
      for (let at = 0; at < times; at++) {
        channel.announce(LoggedMessage.of({ id: 'm', offset: channel.head + 1, time: 0, data: null }));
        fanOut.mark(channel);
      }
      endTurn();
    };
    return { channel, subscriber, publish };
  };
  const channels = Object.fromEntries(Object.entries(windows).map(([name, window]) => [name, open(name, window)]));
  const channel = (name: string) => {
    const found = channels[name];
    if (found === undefined) throw new Error(`there is no channel ${name}`);
    return found;
  };
  const pass = (ms: number) => {
    clock.advance(ms);
    endTurn();
  };
  return { channel, pass, clock, fanout };
}

describe('a channel without a window', () => {
  it('sends its news at the end of the turn', () => {
    const { channel } = setUp({ a: 0 });
    channel('a').publish(3);
    channel('a').publish();
    expect(channel('a').subscriber.summary).toEqual(['1-3', '4']);
  });
});

describe('a channel with a window (`coalesce`)', () => {
  it('sends the news of a window as one frame, when it has passed', () => {
    const { channel, pass } = setUp({ a: 50 });
    const { subscriber, publish } = channel('a');
    publish();
    pass(30);
    publish(2);
    pass(19);
    expect(subscriber.summary).toEqual([]);
    pass(1);
    expect(subscriber.summary).toEqual(['1-3']);
  });

  it('begins the next window with the next message', () => {
    const { channel, pass, clock } = setUp({ a: 50 });
    const { subscriber, publish } = channel('a');
    publish();
    pass(50);
    expect(clock.running).toBe(0);
    pass(40);
    publish();
    pass(49);
    expect(subscriber.summary).toEqual(['1']);
    pass(1);
    expect(subscriber.summary).toEqual(['1', '2']);
  });

  it('holds nobody else back', () => {
    const { channel, pass } = setUp({ a: 50, b: 0, c: 20 });
    for (const name of ['a', 'b', 'c']) channel(name).publish();
    expect(channel('b').subscriber.summary).toEqual(['1']);
    pass(20);
    expect([channel('a').subscriber.summary, channel('c').subscriber.summary]).toEqual([[], ['1']]);
  });

  it('sends earlier than that if many messages wait', () => {
    const { channel } = setUp({ a: 60_000 });
    channel('a').publish(COALESCED_MESSAGES - 1);
    expect(channel('a').subscriber.summary).toEqual([]);
    channel('a').publish();
    expect(channel('a').subscriber.summary).toEqual([`1-${COALESCED_MESSAGES}`]);
  });

  it('drops the news of a held channel whose log jumped', () => {
    const { channel, pass } = setUp({ a: 50 });
    channel('a').publish();
    channel('a').channel.jump('f', 7);
    pass(50);
    expect(channel('a').subscriber.summary).toEqual([]);
  });

  it('sends every message once, in order, within its window', () => {
    const step = fc.oneof(
      fc.record({ publish: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ pass: fc.integer({ min: 1, max: 30 }) }),
    );
    const windows = { a: 0, b: 10, c: 25 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { channel, pass, clock } = setUp(windows);
        const published: { name: keyof typeof windows; offset: number; at: number }[] = [];
        const check = () => {
          for (const { name, offset, at } of published) {
            const isDue = clock.monotonic() >= at + windows[name];
            if (isDue) expect(channel(name).channel.sent).toBeGreaterThanOrEqual(offset);
          }
        };
        for (const step of steps) {
          if ('pass' in step) pass(step.pass);
          else {
            const name = step.publish as keyof typeof windows;
            channel(name).publish();
            published.push({ name, offset: channel(name).channel.head, at: clock.monotonic() });
          }
          check();
        }
        pass(30);
        for (const name of ['a', 'b', 'c']) {
          const { subscriber, channel: log } = channel(name);
          expect(subscriber.offsets).toEqual(Array.from({ length: log.head }, (_, at) => at + 1));
        }
      }),
    );
  });
});
