import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import { type Entry, type MessageStore, type MessageStoreOptions, messageStore } from '../../src/stores/index.ts';
import { MemoryGateway } from '../../src/testing/testing.ts';
import { connectedClient, restoreGlobals } from '../support/connected-client.ts';
import { type FakeGateway, pass, turn, wireMessage } from '../support/fake-gateway.ts';
import { range } from '../support/model-gateway.ts';
import { hearUncaught } from '../support/uncaught.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
});
afterEach(restoreGlobals);

const store = (options?: MessageStoreOptions) => messageStore<number>(client, 'a', options);

/** Short form of entries: offsets, and gaps as `from-to`. */
function sketch(entries: readonly Entry[]): (number | string)[] {
  return entries.map((entry) =>
    entry.kind === 'message' ? entry.message.offset : `${entry.gap.from.offset}-${entry.gap.to.offset}`,
  );
}
const shown = (list: MessageStore) => sketch(list.getSnapshot().entries);

/** A live list with these messages. */
async function live(offsets: readonly number[], options?: MessageStoreOptions) {
  const list = store({ rewind: 10, ...options });
  const onChange = vi.fn();
  const stop = list.subscribe(onChange);
  await turn();
  gateway.socket.subscribed((offsets[0] ?? 1) - 1, 'replaying');
  gateway.socket.messages('a', offsets);
  gateway.socket.push({ type: 'live', channel: 'a' });
  await turn();
  return { list, onChange, stop };
}

/** Answers the latest history request. */
async function answer(
  offsets: readonly number[],
  { first = 1, epoch = 'e1', covers }: { first?: number; epoch?: string; covers?: { from: number; to: number } } = {},
): Promise<void> {
  const messages = offsets.map((offset) => wireMessage(offset, { epoch }));
  gateway.socket.reply('history', { epoch, head: 100, first, messages, ...(covers && { covers }) });
  await turn();
}

describe('reading', () => {
  it('opens nothing, and returns the same object each time', async () => {
    const list = store({ rewind: 5 });
    expect(list.getSnapshot()).toBe(store().getServerSnapshot());
    expect(list.getSnapshot()).toMatchObject({ entries: [], state: 'subscribing', hasOlder: false, loading: false });
    await turn();
    expect(gateway.socket.sent('subscribe')).toEqual([]);
  });

  it('returns a new object only after a change', async () => {
    const { list } = await live([1]);
    const before = list.getSnapshot();
    expect(list.getSnapshot()).toBe(before);
    gateway.socket.messages('a', [2]);
    expect(list.getSnapshot()).not.toBe(before);
    expect(sketch(before.entries)).toEqual([1]);
    expect(list.getSnapshot().messages.map(({ data }) => data)).toEqual([1, 2]);
  });

  it('subscribes to nothing without a channel', async () => {
    for (const channel of [null, undefined, '']) messageStore(client, channel).subscribe(() => {});
    await turn();
    expect(gateway.socket.sent('subscribe')).toEqual([]);
  });
});

describe('sharing', () => {
  it('opens one subscription and one list for two hundred uses', async () => {
    for (let n = 0; n < 200; n++) store({ rewind: 10 }).subscribe(() => {});
    await turn();
    gateway.socket.subscribed();
    gateway.socket.messages('a', [1]);
    expect(gateway.socket.sent('subscribe')).toHaveLength(1);
    expect(store({ rewind: 10 }).getSnapshot()).toBe(store({ rewind: 10 }).getSnapshot());
    expect(shown(store({ rewind: 10 }))).toEqual([1]);
  });

  it('notifies each use once per turn', async () => {
    const { onChange } = await live([1]);
    onChange.mockClear();
    gateway.socket.messages('a', range(2, 50));
    await turn();
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it('keeps lists with other options or of other clients apart', async () => {
    const { list } = await live([1, 2, 3]);
    const other = store({ keep: 2 });
    other.subscribe(() => {});
    await turn();
    expect(shown(list)).toEqual([1, 2, 3]);
    expect(shown(other)).toEqual([]);
    expect(messageStore(gateway.client(), 'a', { rewind: 10 }).getSnapshot().entries).toEqual([]);
  });

  it('continues if the last use ends and another begins in the same turn', async () => {
    const { list, stop } = await live([1]);
    stop();
    const again = store({ rewind: 10 }).subscribe(() => {});
    await turn();
    expect(gateway.socket.sent('subscribe')).toHaveLength(1);
    expect(gateway.socket.sent('unsubscribe')).toEqual([]);
    expect(shown(list)).toEqual([1]);
    again();
  });

  it('ends the subscription and discards the list shortly after the last use', async () => {
    const { list, stop } = await live([1]);
    const second = list.subscribe(() => {});
    stop();
    stop();
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toEqual([]);
    second();
    await pass(10);
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(1);
    expect(shown(list)).toEqual([]);
  });
});

describe('a long list', () => {
  it('keeps at most "keep" entries', async () => {
    const { list } = await live(range(1, 5), { keep: 3 });
    expect(shown(list)).toEqual([3, 4, 5]);
    expect(list.getSnapshot().hasOlder).toBe(true);
  });

  it('keeps a thousand entries by default', async () => {
    const { list } = await live(range(1, 1500));
    expect(shown(list)).toEqual(range(501, 1500));
  });

  it('drops nothing while it is held, up to ten times "keep"', async () => {
    const { list } = await live(range(1, 3), { keep: 3 });
    const release = list.hold();
    gateway.socket.messages('a', range(4, 30));
    expect(shown(list)).toEqual(range(1, 30));
    gateway.socket.messages('a', [31]);
    expect(shown(list)).toEqual(range(2, 31));
    release();
    release();
    expect(shown(list)).toEqual(range(29, 31));
  });

  it('is held until the last holder releases it, even if one releases repeatedly', async () => {
    const { list } = await live(range(1, 3), { keep: 3 });
    const [release, other] = [list.hold(), list.hold()];
    release();
    release();
    gateway.socket.messages('a', [4]);
    expect(shown(list)).toEqual(range(1, 4));
    other();
    expect(shown(list)).toEqual(range(2, 4));
  });

  it('shrinks to "keep" on release after older pages were read', async () => {
    const { list } = await live([7, 8, 9], { keep: 3, page: 3 });
    const release = list.hold();
    void list.loadOlder();
    await turn();
    await answer([4, 5, 6]);
    expect(shown(list)).toEqual(range(4, 9));
    release();
    expect(shown(list)).toEqual(range(7, 9));
    gateway.socket.messages('a', [10]);
    expect(shown(list)).toEqual(range(8, 10));
  });

  it('never starts with a gap whose preceding messages were dropped', async () => {
    const { list } = await live([1], { keep: 3 });
    const [from, to] = [1, 4].map((offset) => ({ epoch: 'e1', offset }));
    if (from && to) gateway.socket.push({ type: 'gap', channel: 'a', from, to, reason: 'slow_reader' });
    gateway.socket.messages('a', [5]);
    expect(shown(list)).toEqual([1, '1-4', 5]);
    gateway.socket.messages('a', [6]);
    expect(shown(list)).toEqual([5, 6]);
  });
});

describe('older messages', () => {
  it("are added to the front, page by page, until the log's beginning", async () => {
    const { list } = await live([7, 8, 9], { page: 3 });
    expect(list.getSnapshot().hasOlder).toBe(true);
    void list.loadOlder();
    expect(list.getSnapshot().loading).toBe(true);
    await turn();
    expect(gateway.socket.last('history')).toMatchObject({ before: 7, limit: 3 });
    await answer([4, 5, 6]);
    expect(shown(list)).toEqual(range(4, 9));
    expect(list.getSnapshot()).toMatchObject({ loading: false, hasOlder: true });
    void list.loadOlder();
    await turn();
    await answer([1, 2, 3]);
    expect(shown(list)).toEqual(range(1, 9));
    expect(list.getSnapshot().hasOlder).toBe(false);
  });

  it("are not available before the first message, nor before the log's oldest", async () => {
    const { list } = await live([1, 2]);
    expect(list.getSnapshot().hasOlder).toBe(false);
    await list.loadOlder();
    expect(gateway.socket.sent('history')).toEqual([]);
  });

  it.each([
    ['nothing', [], 7],
    ['all remaining messages', [6], 6],
  ])('are exhausted after the log returned %s', async (_, offsets, first) => {
    const { list } = await live([7]);
    void list.loadOlder();
    await turn();
    await answer(offsets, { first });
    expect(shown(list)).toEqual([...offsets, 7]);
    expect(list.getSnapshot().hasOlder).toBe(false);
  });

  it('are read on past messages that have expired', async () => {
    const { list } = await live([9], { page: 2 });
    void list.loadOlder();
    await turn();
    await answer([], { covers: { from: 7, to: 8 } });
    expect(gateway.socket.last('history')).toMatchObject({ before: 7, limit: 2 });
    await answer([6], { covers: { from: 5, to: 6 } });
    expect(shown(list)).toEqual([6, 9]);
    expect(list.getSnapshot().hasOlder).toBe(true);
    void list.loadOlder();
    await turn();
    await answer([4], { first: 3, covers: { from: 3, to: 5 } });
    expect(shown(list)).toEqual([4, 6, 9]);
    expect(list.getSnapshot().hasOlder).toBe(false);
  });

  it('end if all that are left have expired', async () => {
    const { list } = await live([9], { page: 2 });
    void list.loadOlder();
    await turn();
    await answer([], { first: 7, covers: { from: 7, to: 8 } });
    expect(gateway.socket.sent('history')).toHaveLength(1);
    expect(list.getSnapshot().hasOlder).toBe(false);
  });

  it('of another epoch are not mixed in', async () => {
    const { list } = await live([7]);
    void list.loadOlder();
    await turn();
    await answer([5, 6], { epoch: 'e2' });
    expect(shown(list)).toEqual([7]);
    expect(list.getSnapshot().hasOlder).toBe(false);
  });

  it('are requested one page at a time, and join the live messages', async () => {
    const { list } = await live([7], { keep: 2 });
    void list.loadOlder();
    void list.loadOlder();
    gateway.socket.messages('a', [8, 9]);
    await turn();
    expect(gateway.socket.sent('history')).toHaveLength(1);
    await answer([5, 6]);
    expect(shown(list)).toEqual([5, 6, 7, 8, 9]);
    gateway.socket.messages('a', [10]);
    expect(shown(list)).toEqual([6, 7, 8, 9, 10]);
  });

  it('are available before the first message of an empty list', async () => {
    const list = store();
    list.subscribe(() => {});
    await turn();
    gateway.socket.subscribed(2);
    expect(list.getSnapshot().hasOlder).toBe(true);
    void list.loadOlder();
    await turn();
    expect(gateway.socket.last('history')).toMatchObject({ before: 3 });
    gateway.socket.messages('a', [3]);
    await answer([1, 2]);
    expect(shown(list)).toEqual([1, 2, 3]);
  });

  it('replace a gap at the beginning of the list', async () => {
    const position = { epoch: 'e1', offset: 2 };
    const list = store({ position });
    list.subscribe(() => {});
    await turn();
    gateway.socket.subscribed(2, 'replaying');
    gateway.socket.push({
      type: 'gap',
      channel: 'a',
      from: position,
      to: { epoch: 'e1', offset: 5 },
      reason: 'slow_reader',
    });
    gateway.socket.messages('a', [6]);
    expect(shown(list)).toEqual(['2-5', 6]);
    void list.loadOlder();
    await turn();
    await answer([3, 4, 5], { first: 3 });
    expect(shown(list)).toEqual([3, 4, 5, 6]);
  });

  it('are not requested again after a refusal, but after a temporary failure', async () => {
    const { list } = await live([7]);
    void list.loadOlder();
    await turn();
    gateway.socket.refuse('history', 'rate_limited', { retryable: true });
    await turn();
    expect(list.getSnapshot()).toMatchObject({ loading: false, hasOlder: true, error: { name: 'rate_limited' } });
    void list.loadOlder();
    await turn();
    gateway.socket.refuse('history', 'permission_denied');
    await turn();
    expect(list.getSnapshot()).toMatchObject({ loading: false, hasOlder: false, error: { name: 'permission_denied' } });
  });

  it('are cancelled when the last use ends', async () => {
    const channel = client.channel('a');
    const history = vi.spyOn(channel, 'history');
    vi.spyOn(client, 'channel').mockReturnValue(channel);
    const { list, stop } = await live([7]);
    void list.loadOlder();
    const signal = history.mock.lastCall?.[0]?.signal;
    expect(signal?.aborted).toBe(false);
    stop();
    await pass(10);
    expect(signal?.aborted).toBe(true);
  });

  it('change nothing if they arrive after the last use', async () => {
    const { list, stop } = await live([7]);
    void list.loadOlder();
    await turn();
    stop();
    await turn();
    await answer([6]);
    expect(shown(list)).toEqual([]);
  });
});

describe('a filter', () => {
  const filter = { tags: { symbol: 'ACME' } };

  /** Prices of two companies in turn, of a gateway that filters. */
  function market() {
    const double = new MemoryGateway();
    const publish = (from: number, to: number) => {
      for (const n of range(from, to)) double.publish('a', n, { tags: { symbol: n % 2 ? 'ACME' : 'GLOBEX' } });
    };
    publish(1, 8);
    const list = messageStore<number>(double.client('ada'), 'a', { rewind: 4, page: 2, filter });
    list.subscribe(() => {});
    return { double, publish, list };
  }

  it('selects live and older messages', async () => {
    const { double, publish, list } = market();
    await double.settled();
    publish(9, 12);
    await double.settled();
    await list.loadOlder();
    const numbers = shown(list);
    expect(numbers).toContain(11);
    expect(numbers).toEqual(numbers.toSorted((a, b) => Number(a) - Number(b)));
    while (list.getSnapshot().hasOlder) await list.loadOlder();
    expect(shown(list)).toEqual([1, 3, 5, 7, 9, 11]);
  });

  it('is a subscription of its own, which lists with an equal filter share', async () => {
    for (const options of [{}, { filter }, { filter: structuredClone(filter) }, { filter: { event: 'trade' } }])
      store(options).subscribe(() => {});
    await turn();
    const filters = gateway.socket.sent('subscribe').map((command) => command.filter);
    expect(filters).toEqual([undefined, filter, { event: 'trade' }]);
  });
});

describe('handlers', () => {
  it('are called for each message and gap from their registration on', async () => {
    const { list } = await live([1]);
    const events: unknown[] = [];
    list.subscribe(() => {}, {
      onMessage: ({ offset }, state) => events.push([offset, state]),
      onGap: ({ lost }) => events.push(`lost ${lost}`),
    });
    const [from, to] = [1, 4].map((offset) => ({ epoch: 'e1', offset }));
    if (from && to) gateway.socket.push({ type: 'gap', channel: 'a', from, to, reason: 'retention' });
    gateway.socket.messages('a', [5]);
    expect(events).toEqual(['lost 3', [5, 'live']]);
    expect(shown(list)).toEqual([1, '1-4', 5]);
  });

  it('are called for each state of the subscription', async () => {
    const onState = vi.fn();
    store({ rewind: 10 }).subscribe(() => {}, { onState });
    await turn();
    gateway.socket.subscribed(0, 'replaying');
    gateway.socket.push({ type: 'live', channel: 'a' });
    client.close();
    expect(onState.mock.calls.flat()).toEqual(['catching-up', 'live', 'ended']);
  });

  // A list that is both started and read by a template has two uses with one handler.
  it('that are passed twice are called once, until the last use ends', async () => {
    const { list } = await live([1]);
    const handlers = { onMessage: vi.fn() };
    const stops = [list.subscribe(() => {}, handlers), list.subscribe(() => {}, handlers)];
    gateway.socket.messages('a', [2]);
    stops[0]?.();
    gateway.socket.messages('a', [3]);
    stops[1]?.();
    gateway.socket.messages('a', [4]);
    expect(handlers.onMessage.mock.calls.map(([{ offset }]) => offset)).toEqual([2, 3]);
  });

  it('of a gap pause delivery', async () => {
    const { list } = await live([1]);
    let done = () => {};
    list.subscribe(() => {}, {
      onGap: () =>
        new Promise<void>((resolve) => {
          done = resolve;
        }),
    });
    const [from, to] = [1, 4].map((offset) => ({ epoch: 'e1', offset }));
    if (from && to) gateway.socket.push({ type: 'gap', channel: 'a', from, to, reason: 'retention' });
    gateway.socket.messages('a', [5]);
    expect(list.getSnapshot().state).toBe('gap');
    expect(shown(list)).toEqual([1, '1-4']);
    done();
    await turn();
    expect(shown(list)).toEqual([1, '1-4', 5]);
  });

  it('that throw do not affect others', async () => {
    const reported = hearUncaught();
    const { list } = await live([1]);
    const calm = vi.fn();
    list.subscribe(() => {}, {
      onMessage: () => {
        throw new Error('a mistake');
      },
    });
    list.subscribe(() => {}, { onMessage: calm });
    gateway.socket.messages('a', [2]);
    expect(calm).toHaveBeenCalledTimes(1);
    await turn();
    expect(reported).toHaveBeenCalledTimes(1);
  });
});

describe('after the end', () => {
  it('reports why it was refused, and retries on demand', async () => {
    const list = store({ rewind: 1 });
    list.subscribe(() => {});
    await turn();
    gateway.socket.refuse('subscribe', 'permission_denied');
    expect(list.getSnapshot()).toMatchObject({ state: 'denied', error: { name: 'permission_denied' } });
    list.retry();
    await turn();
    gateway.socket.subscribed();
    expect(list.getSnapshot()).toMatchObject({ state: 'live', error: undefined });
  });

  it('continues from its position when a closed client reconnects', async () => {
    const { list } = await live([1]);
    client.close();
    expect(list.getSnapshot()).toMatchObject({ state: 'ended', error: undefined });
    void client.connect();
    await turn();
    await gateway.socket.accept();
    expect(gateway.socket.last('subscribe')).toMatchObject({ position: { epoch: 'e1', offset: 1 } });
    gateway.socket.subscribed(1);
    gateway.socket.messages('a', [2]);
    expect(shown(list)).toEqual([1, 2]);
    expect(list.getSnapshot()).toMatchObject({ state: 'live', error: undefined });
  });

  it('does not subscribe again after the last use when the client reconnects', async () => {
    const { stop } = await live([1]);
    stop();
    await pass(10);
    client.close();
    void client.connect();
    await turn();
    await gateway.socket.accept();
    await turn();
    expect([gateway.sockets.length, gateway.socket.sent('subscribe')]).toEqual([2, []]);
  });
});
