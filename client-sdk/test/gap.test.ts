import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Gap, SubscribeOptions } from '../src/channel-api.ts';
import { connectedClient, restoreGlobals } from './support/connected-client.ts';
import { type FakeGateway, pass, turn, wireMessage } from './support/fake-gateway.ts';
import { range } from './support/model-gateway.ts';
import { hearUncaught } from './support/uncaught.ts';

let gateway: FakeGateway;
let client: Client;
/** Finishes the work of the latest `onGap`. */
let done: () => void;
let fail: (error: unknown) => void;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
});

afterEach(restoreGlobals);

const at = (offset: number, epoch = 'e1') => ({ epoch, offset });

function gap(from: number, to: number, latest?: readonly number[], epoch = 'e1'): void {
  gateway.socket.push({
    type: 'gap',
    channel: 'a',
    from: at(from),
    to: at(to, epoch),
    reason: 'slow_reader',
    ...(latest && { latest: latest.map((offset) => wireMessage(offset, { epoch, time: Date.now() })) }),
  });
}

/** Subscribes with an asynchronous `onGap` and records everything. */
function listen(options: SubscribeOptions = {}) {
  const seen: (number | string)[] = [];
  const gaps: Gap[] = [];
  const states: string[] = [];
  const subscription = client.channel<number>('a').subscribe((message) => seen.push(message.data), {
    onState: (state) => states.push(state),
    onGap: (gap) => {
      gaps.push(gap);
      seen.push('gap');
      return new Promise<void>((resolve, reject) => {
        done = resolve;
        fail = reject;
      });
    },
    ...options,
  });
  return { subscription, seen, gaps, states };
}

async function live(options: SubscribeOptions = {}, offset = 2) {
  const listener = listen(options);
  await turn();
  gateway.socket.subscribed(offset);
  return listener;
}

describe('an asynchronous onGap', () => {
  it('pauses delivery, with the state "gap"', async () => {
    const { subscription, seen, states } = await live();
    gap(2, 5);
    gateway.socket.messages('a', [6, 7]);
    expect([seen, subscription.state, states]).toEqual([['gap'], 'gap', ['live', 'gap']]);
    done();
    await turn();
    expect([seen, subscription.state, subscription.position]).toEqual([['gap', 6, 7], 'live', at(7)]);
    gateway.socket.messages('a', [8]);
    expect(seen).toEqual(['gap', 6, 7, 8]);
  });

  it('pauses delivery at a second gap, too', async () => {
    const { seen, subscription } = await live();
    gap(2, 5);
    gateway.socket.messages('a', [6]);
    gap(6, 9);
    gateway.socket.messages('a', [10]);
    done();
    await turn();
    expect([seen, subscription.state]).toEqual([['gap', 6, 'gap'], 'gap']);
    done();
    await turn();
    expect(seen).toEqual(['gap', 6, 'gap', 10]);
  });

  it('reports a failure, and delivery continues', async () => {
    const reported = hearUncaught();
    const { seen, subscription } = await live();
    gap(2, 5);
    gateway.socket.messages('a', [6]);
    const error = new Error('mine');
    fail(error);
    await turn();
    expect([seen, subscription.state, reported.mock.calls]).toEqual([['gap', 6], 'live', [[error]]]);
  });

  it('keeps the state while the wire subscription changes, and adopts its state at the end', async () => {
    const { subscription, states } = await live();
    gap(2, 5);
    gateway.socket.push({ type: 'replaying', channel: 'a' });
    gateway.socket.drop();
    expect(states).toEqual(['live', 'gap']);
    done();
    await turn();
    expect(subscription.state).toBe('subscribing');
    await pass(250);
    await gateway.socket.accept();
    expect(gateway.socket.last('subscribe').position).toEqual(at(5));
  });

  it('survives a lost connection: held messages are delivered before resumed ones', async () => {
    const { seen } = await live();
    gap(2, 5);
    gateway.socket.messages('a', [6, 7]);
    gateway.socket.drop();
    await pass(250);
    await gateway.socket.accept();
    expect(gateway.socket.last('subscribe').position).toEqual(at(7));
    gateway.socket.subscribed(7, 'replaying');
    gateway.socket.messages('a', [7, 8]);
    done();
    await turn();
    expect(seen).toEqual(['gap', 6, 7, 8]);
  });

  it('delivers nothing after the subscription has ended', async () => {
    const { seen, subscription } = await live();
    gap(2, 5, [5]);
    gateway.socket.messages('a', [6]);
    subscription.unsubscribe();
    done();
    await turn();
    expect([seen, subscription.state]).toEqual([['gap'], 'ended']);
  });

  it('does not pause other subscribers', async () => {
    const slow = await live();
    const { seen } = listen({ onGap: () => seen.push('quick') });
    gap(2, 5);
    gateway.socket.messages('a', [6]);
    expect([slow.seen, seen]).toEqual([['gap'], ['quick', 6]]);
  });

  it('also applies to a backlog', async () => {
    await live({}, 12);
    const { seen, subscription } = listen({ position: at(4) });
    await turn();
    gateway.socket.messages('a', [13]);
    const messages = range(9, 12).map((offset) => wireMessage(offset));
    gateway.socket.reply('history', { epoch: 'e1', head: 13, first: 9, messages });
    await turn();
    expect([seen, subscription.state]).toEqual([['gap'], 'gap']);
    done();
    await turn();
    expect([seen, subscription.state]).toEqual([['gap', 9, 10, 11, 12, 13], 'live']);
  });
});

describe('more than 1,000 held messages', () => {
  it('are dropped: the subscriber leaves, and resumes from its position when the work is done', async () => {
    const { seen, states, subscription } = await live();
    gap(2, 5);
    gateway.socket.messages('a', range(6, 1005));
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(0);
    gateway.socket.messages('a', range(1006, 1500));
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(1);
    gateway.socket.reply('unsubscribe', {});
    expect([subscription.state, subscription.position]).toEqual(['gap', at(5)]);
    done();
    await turn();
    expect(gateway.socket.last('subscribe').position).toEqual(at(5));
    gateway.socket.subscribed(5, 'replaying');
    gateway.socket.messages('a', range(6, 1500));
    gateway.socket.push({ type: 'live', channel: 'a' });
    expect(seen).toEqual(['gap', ...range(6, 1500)]);
    expect(states).toEqual(['live', 'gap', 'subscribing', 'catching-up', 'live']);
  });

  it('of one subscriber among several are read from the history', async () => {
    const slow = await live();
    const quick = listen({ onGap: () => {} });
    gap(2, 5);
    gateway.socket.messages('a', range(6, 1100));
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(0);
    done();
    await turn();
    for (;;) {
      const asked = gateway.socket.sent('history').length;
      const { before = 0, limit = 0 } = gateway.socket.last('history');
      const messages = range(Math.max(1, before - limit), before - 1).map((offset) => wireMessage(offset));
      gateway.socket.reply('history', { epoch: 'e1', head: 1100, first: 1, messages });
      await turn();
      if (gateway.socket.sent('history').length === asked) break;
    }
    gateway.socket.messages('a', [1101]);
    expect(slow.seen).toEqual(['gap', ...range(6, 1101)]);
    expect(quick.seen).toEqual(range(6, 1101));
  });

  it('resume on another connection', async () => {
    const { seen } = await live();
    gap(2, 5);
    gateway.socket.messages('a', range(6, 1100));
    gateway.socket.drop();
    await pass(250);
    await gateway.socket.accept();
    expect(gateway.socket.sent('subscribe')).toHaveLength(0);
    done();
    await turn();
    expect(gateway.socket.last('subscribe').position).toEqual(at(5));
    gateway.socket.subscribed(5, 'replaying');
    gateway.socket.messages('a', [6]);
    expect(seen).toEqual(['gap', 6]);
  });

  it('end when the client closes', async () => {
    const { subscription } = await live();
    gap(2, 5);
    gateway.socket.messages('a', range(6, 1100));
    client.close();
    done();
    await turn();
    expect(subscription.state).toBe('ended');
  });
});

describe('the latest messages of a gap', () => {
  const quick: SubscribeOptions = { onGap: () => {} };

  it('are delivered after the gap, in order, and are not counted as lost', async () => {
    const gaps: Gap[] = [];
    const { seen, subscription } = await live({ onGap: (gap) => gaps.push(gap) });
    gap(2, 8, [5, 8]);
    gateway.socket.messages('a', [9]);
    expect([seen, subscription.position]).toEqual([[5, 8, 9], at(9)]);
    expect(gaps).toEqual([{ channel: 'a', from: at(2), to: at(8), reason: 'slow_reader', lost: 4 }]);
  });

  it('wait for an asynchronous onGap, and are delivered before the held messages', async () => {
    const { seen } = await live();
    gap(2, 8, [5, 8]);
    gateway.socket.messages('a', [9]);
    expect(seen).toEqual(['gap']);
    done();
    await turn();
    expect(seen).toEqual(['gap', 5, 8, 9]);
  });

  it('are delivered even if the subscriber had to leave', async () => {
    const { seen } = await live();
    gap(2, 8, [5, 8]);
    gateway.socket.messages('a', range(9, 1100));
    await turn();
    gateway.socket.reply('unsubscribe', {});
    done();
    await turn();
    expect([seen, gateway.socket.last('subscribe').position]).toEqual([['gap', 5, 8], at(8)]);
  });

  it('replace the gap if nothing was lost', async () => {
    const { seen, gaps, states } = await live();
    gap(2, 4, [3, 4]);
    gateway.socket.messages('a', [5]);
    expect([seen, gaps, states]).toEqual([[3, 4, 5], [], ['live']]);
  });

  it("are dropped if already seen (rule 2), by each subscriber's own position", async () => {
    const { seen, gaps } = await live();
    gap(1, 5, [2, 5]);
    done();
    await turn();
    expect([seen, gaps[0]?.lost]).toEqual([['gap', 5], 2]);
  });

  it('are delivered in another epoch; the number of lost messages is unknown', async () => {
    const gaps: Gap[] = [];
    const { seen } = await live({ onGap: (gap) => gaps.push(gap) });
    gap(2, 2, [1, 2], 'e2');
    gateway.socket.messages('a', [3], { epoch: 'e2' });
    expect([seen, gaps[0]?.lost]).toEqual([[1, 2, 3], undefined]);
  });

  it('stop when the handler unsubscribes', async () => {
    const seen: number[] = [];
    const subscription = client.channel<number>('a').subscribe(({ data }) => {
      seen.push(data);
      subscription.unsubscribe();
    }, quick);
    await turn();
    gateway.socket.subscribed(2);
    gap(2, 8, [5, 8]);
    expect(seen).toEqual([5]);
  });

  it('are delivered to an iterator whose buffer is full', async () => {
    const stream = client.channel<number>('a').messages();
    const first = stream.next();
    await turn();
    gateway.socket.subscribed(0);
    gateway.socket.messages('a', range(1, 999));
    gap(999, 1008, [1003, 1005, 1008]);
    gateway.socket.messages('a', [1009]);
    await turn();
    const got = [(await first).value?.data];
    while (got.at(-1) !== 1008) got.push((await stream.next()).value?.data);
    expect(got).toEqual([...range(1, 999), 1003, 1005, 1008]);
    await stream.return();
  });
});
