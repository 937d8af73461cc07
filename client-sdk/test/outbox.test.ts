import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../src/errors.ts';
import type { OutboxOptions } from '../src/outbox/api.ts';
import type { Entry } from '../src/outbox/entry.ts';
import { EntryList } from '../src/outbox/entry-list.ts';
import { FakeClient } from './support/fake-client.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { microtasks, type Tab, TestBrowser } from './support/test-browser.ts';

const MINUTE = 60_000;

let browser: TestBrowser;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  browser = new TestBrowser();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function open(options: Partial<OutboxOptions> = {}, client = new FakeClient()): Promise<Tab> {
  const tab = browser.open(client, options);
  await turn();
  return tab;
}

async function openOnline(options: Partial<OutboxOptions> = {}): Promise<Tab> {
  const tab = await open(options);
  tab.client.online();
  await turn();
  return tab;
}

const listed = ({ outbox }: Tab) => outbox.messages.map(({ data, status }) => `${data} ${status}`);
const sent = ({ client }: Tab) => client.sent.map(({ data }) => data);

describe('a message', () => {
  it('is queued, sent and accepted, and then removed from the list and the disk', async () => {
    const tab = await openOnline();
    const steps: unknown[] = [];
    const outgoing = tab.outbox.publish('a', 'hello', { event: 'chat', tags: { a: 'b' } });
    outgoing.onStatus(({ status, stored }) => steps.push([status, stored]));
    expect(outgoing).toMatchObject({ channel: 'a', data: 'hello', event: 'chat', status: 'queued', stored: false });
    await turn();
    expect(listed(tab)).toEqual(['hello sent']);
    const { data, options } = tab.client.flight;
    expect([data, options]).toMatchObject(['hello', { key: outgoing.key, event: 'chat', tags: { a: 'b' } }]);
    tab.client.flight.accept();
    await expect(outgoing.settled).resolves.toMatchObject({ status: 'accepted', result: { offset: 1, epoch: 'e1' } });
    await turn();
    expect(steps).toEqual([
      ['queued', true],
      ['sent', true],
      ['accepted', true],
    ]);
    expect([listed(tab), browser.records.size, outgoing.status]).toEqual([[], 0, 'accepted']);
  });

  it('is stored before it is sent, and so is its status "sent"', async () => {
    const tab = await openOnline();
    tab.outbox.publish('a', 1);
    while (tab.client.sent.length === 0) {
      expect(tab.client.sent).toEqual([]);
      await Promise.resolve();
    }
    expect([...browser.records.values()]).toMatchObject([{ data: 1, status: 'sent', sentAt: Date.now() }]);
  });

  it('is copied synchronously, and must be JSON', async () => {
    const { outbox } = await open();
    const data = { text: 'before' };
    const outgoing = outbox.publish('a', data);
    data.text = 'after';
    expect(outgoing.data).toEqual({ text: 'before' });
    const circle: unknown[] = [];
    circle.push(circle);
    for (const bad of [
      undefined,
      () => {},
      circle,
      1n,
      Number.NaN,
      [Number.NEGATIVE_INFINITY],
      { a: new Map() },
      Promise.resolve(1),
    ])
      expect(() => outbox.publish('a', bad)).toThrow(TypeError);
    expect(outbox.messages).toHaveLength(1);
  });

  it('is sent one at a time per channel, and channels do not wait for each other', async () => {
    const tab = await openOnline();
    for (const [channel, data] of [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ] as const)
      tab.outbox.publish(channel, data);
    await turn();
    expect(sent(tab)).toEqual([1, 3]);
    tab.client.flight.accept();
    await turn();
    expect(sent(tab)).toEqual([1, 3, 2]);
  });
});

describe('without a connection', () => {
  it('waits, survives a reload, and is sent in order with the same keys', async () => {
    const before = await open();
    const keys = [1, 2, 3].map((n) => before.outbox.publish('a', n).key);
    await turn();
    before.kill();
    const after = await open();
    expect(listed(after)).toEqual(['1 queued', '2 queued', '3 queued']);
    after.client.online();
    for (const key of keys) {
      await turn();
      expect(after.client.flight.key).toBe(key);
      after.client.flight.accept();
    }
    await turn();
    expect([sent(after), listed(after)]).toEqual([[1, 2, 3], []]);
  });

  it('sends unanswered messages again with the same key', async () => {
    const tab = await openOnline();
    const { key } = tab.outbox.publish('a', 1);
    await turn();
    tab.client.offline();
    await turn();
    expect([listed(tab), tab.client.flights]).toEqual([['1 sent'], []]);
    tab.client.online();
    await turn();
    expect(tab.client.sent.map((flight) => flight.key)).toEqual([key, key]);
  });

  it('connects an unused client without sending anything', async () => {
    const tab = await open();
    tab.outbox.publish('a', 1);
    await turn();
    expect([tab.client.uses > 0, tab.client.flights]).toEqual([true, []]);
  });
});

describe('a message of another user', () => {
  it('is neither visible nor sent until that user is back', async () => {
    const ada = await open();
    ada.outbox.publish('a', "ada's");
    await turn();
    ada.kill();
    const bob = await open({ user: 'bob' });
    bob.client.online('bob');
    await turn();
    expect([sent(bob), listed(bob)]).toEqual([[], []]);
    bob.kill();
    const again = await open();
    again.client.online();
    await turn();
    expect(sent(again)).toEqual(["ada's"]);
  });

  it('is not sent while another user is connected, which is reported', async () => {
    const tab = await open();
    const errors: string[] = [];
    tab.outbox.on('error', ({ name }) => errors.push(name));
    tab.outbox.publish('a', 1);
    tab.client.online('bob');
    await turn();
    expect([sent(tab), tab.client.flights, errors]).toEqual([[], [], ['outbox_asleep']]);
    tab.client.offline();
    tab.client.online('ada');
    await turn();
    expect(tab.client.flight.data).toBe(1);
  });
});

describe('a refusal', () => {
  it('is kept with its error, even after a reload, and the next messages are sent', async () => {
    const tab = await openOnline();
    const outgoing = tab.outbox.publish('a', 1);
    tab.outbox.publish('a', 2);
    await turn();
    tab.client.flight.refuse('permission_denied');
    await expect(outgoing.settled).resolves.toMatchObject({ status: 'refused', error: { name: 'permission_denied' } });
    await turn();
    expect([listed(tab), tab.client.flight.data]).toEqual([['1 refused', '2 sent'], 2]);
    tab.kill();
    const after = await open();
    const [first] = after.outbox.messages;
    expect(first?.error).toBeInstanceOf(SluiceError);
    expect(first?.error).toMatchObject({ name: 'permission_denied', code: 4306, retryable: false });
  });

  it('pauses the channel with onRefused: "hold"', async () => {
    const tab = await openOnline({ onRefused: 'hold' });
    for (const n of [1, 2, 3]) tab.outbox.publish('a', n);
    await turn();
    tab.client.flight.refuse('permission_denied');
    await turn();
    expect(listed(tab)).toEqual(['1 refused', '2 queued', '3 queued']);
    const [first] = tab.outbox.messages;
    tab.outbox.retry(first?.key ?? '');
    await turn();
    expect(tab.client.flight).toMatchObject({ data: 1, key: first?.key });
    tab.client.flight.refuse('permission_denied');
    await turn();
    tab.outbox.discard(first?.key ?? '');
    await turn();
    expect([listed(tab), browser.records.size]).toEqual([['2 sent', '3 queued'], 2]);
  });

  it('can be retried with the same key, or discarded', async () => {
    const tab = await openOnline();
    const [one, two] = [tab.outbox.publish('a', 1), tab.outbox.publish('b', 2)];
    await turn();
    for (const flight of [...tab.client.flights]) flight.refuse('payload_invalid', { code: 4310 });
    await turn();
    tab.outbox.retry(one.key);
    tab.outbox.discard(two.key);
    await turn();
    expect([one.status, one.error, two.status]).toEqual(['sent', undefined, 'discarded']);
    expect(tab.client.flight.key).toBe(one.key);
    await expect(two.settled).resolves.toMatchObject({ status: 'discarded' });
    expect([...browser.records.values()].map(({ data }) => data)).toEqual([1]);
  });

  it.each([
    ['rate_limited', { code: 4311, retryable: true, retryAfter: 700 }, 'queued', 700],
    ['unavailable', { code: 4001, retryable: true }, 'queued', 250],
    ['internal', { code: 4005, retryable: true }, 'sent', 250],
    ['connection_lost', { code: 4402, retryable: true }, 'sent', 250],
    ['token_signature', { code: 4204 }, 'sent', 250],
    ['closed', { code: 4400 }, 'sent', 250],
  ])('that is temporary does not refuse the message: %s', async (name, extra, status, pause) => {
    const tab = await openOnline();
    tab.outbox.publish('a', 1);
    await turn();
    tab.client.flight.refuse(name, extra);
    await turn();
    expect(listed(tab)).toEqual([`1 ${status}`]);
    await pass(pause - 1);
    expect(sent(tab)).toEqual([1]);
    await pass(1);
    expect(sent(tab)).toEqual([1, 1]);
  });

  it('of a repeat does not mean that the first attempt failed', async () => {
    const tab = await openOnline();
    const outgoing = tab.outbox.publish('a', 1);
    await turn();
    tab.client.offline();
    tab.client.online();
    await turn();
    tab.client.flight.refuse('permission_denied');
    const { error } = await outgoing.settled;
    expect(error).toMatchObject({ name: 'outcome_unknown', message: expect.stringContaining('permission_denied') });
  });
});

describe('timing', () => {
  it.each([
    ['4 minutes', 4 * MINUTE, '1 sent'],
    ['5 minutes', 5 * MINUTE, '1 refused'],
  ])('handles a message without an answer for %s', async (_name, ms, expected) => {
    const tab = await openOnline();
    const outgoing = tab.outbox.publish('a', 1);
    await turn();
    tab.kill();
    await pass(ms);
    const after = await openOnline();
    expect(listed(after)).toEqual([expected]);
    if (expected === '1 refused') {
      expect(after.outbox.messages[0]?.error).toMatchObject({ name: 'outcome_unknown', retryable: false });
      expect(sent(after)).toEqual([]);
      after.outbox.retry(outgoing.key);
      await turn();
    }
    expect(after.client.flight.key).toBe(outgoing.key);
  });

  it("limits the client's retries: no message is repeated after its dedupe window", async () => {
    const tab = await openOnline({ dedupeWindow: 20_000 });
    tab.outbox.publish('a', 1);
    await turn();
    expect(tab.client.flight.options.timeout).toBe(10_000);
    await pass(11_000);
    expect([listed(tab), sent(tab)]).toEqual([['1 refused'], [1]]);
  });

  it('expires unsent messages, and deletes refused ones', async () => {
    const tab = await open({ maxAge: MINUTE });
    const outgoing = tab.outbox.publish('a', 1);
    await turn();
    await pass(MINUTE);
    expect(outgoing).toMatchObject({ status: 'refused', error: { name: 'outbox_expired' } });
    await pass(MINUTE);
    expect([outgoing.status, browser.records.size]).toEqual(['discarded', 0]);
  });

  it('leaves no timer running', async () => {
    const tab = await openOnline();
    tab.outbox.publish('a', 1);
    await turn();
    tab.outbox.close();
    await turn();
    expect(vi.getTimerCount()).toBe(0);
    expect(() => tab.outbox.publish('a', 2)).toThrow(SluiceError);
  });
});

describe('limits', () => {
  it.each([
    ['messages', { maxMessages: 2 }, ['x', 'y'], 'It holds 2 messages of 2.'],
    ['bytes', { maxBytes: 40 }, ['x'.repeat(25)], 'With this message it would hold 48 bytes of 40.'],
  ])('refuse messages beyond %s, and drop none', async (_name, options, data, why) => {
    const tab = await open(options);
    for (const text of data) tab.outbox.publish('a', text);
    const refused = tab.outbox.publish('a', 'z');
    expect(refused).toMatchObject({ status: 'refused', error: { name: 'outbox_full', retryable: true } });
    expect(refused.error?.message).toContain(why);
    await expect(refused.settled).resolves.toMatchObject({ status: 'refused' });
    await turn();
    expect([tab.outbox.messages.length, browser.records.size]).toEqual([data.length, data.length]);
  });
});

describe('a failing disk', () => {
  it('is reported once; messages continue in memory, in order', async () => {
    browser.broken = new Error('private mode');
    const tab = await open();
    const errors: string[] = [];
    tab.outbox.on('error', ({ name }) => errors.push(name));
    const [one] = [1, 2].map((n) => tab.outbox.publish('a', n));
    await turn();
    expect([tab.outbox.persistent, one?.stored, listed(tab)]).toEqual([false, false, ['1 queued', '2 queued']]);
    tab.client.online();
    await turn();
    tab.client.flight.accept();
    await turn();
    expect([tab.client.flight.data, one?.status]).toEqual([2, 'accepted']);
  });

  it.each([true, false])('loses nothing, keeps the order, and is used again (connected: %s)', async (connected) => {
    const tab = await open();
    if (connected) tab.client.online();
    const errors: string[] = [];
    tab.outbox.on('error', ({ name }) => errors.push(name));
    tab.outbox.publish('a', 1);
    await turn();
    browser.broken = new Error('quota');
    tab.outbox.publish('a', 2);
    await turn();
    expect([errors, tab.outbox.persistent]).toEqual([['outbox_not_stored'], false]);
    tab.outbox.publish('a', 3);
    await pass(10_000);
    const stored = () => tab.outbox.messages.map(({ data, stored }) => [data, stored]);
    expect([errors, stored()]).toEqual([
      ['outbox_not_stored'],
      [
        [1, true],
        [2, false],
        [3, false],
      ],
    ]);
    browser.broken = undefined;
    await pass(20_000);
    expect([errors, tab.outbox.persistent]).toEqual([['outbox_not_stored'], true]);
    expect(stored()).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    tab.client.online();
    for (const n of [1, 2, 3]) {
      await turn();
      expect(tab.client.flight.data).toBe(n);
      tab.client.flight.accept();
    }
    await turn();
    expect([listed(tab), browser.records.size]).toEqual([[], 0]);
  });
});

describe('a page in the background', () => {
  it('lets another tab send, and continues when it is shown again', async () => {
    const [first, second] = [await openOnline(), await openOnline()];
    first.sleep();
    second.outbox.publish('a', 1);
    await turn();
    expect([sent(first), sent(second)]).toEqual([[], [1]]);
    second.client.flight.accept();
    await turn();
    second.kill();
    first.wake();
    first.outbox.publish('a', 2);
    await turn();
    expect(sent(first)).toEqual([2]);
  });

  it('reopens a closed database without reporting an error', async () => {
    const tab = await openOnline();
    const errors: string[] = [];
    tab.outbox.on('error', ({ name }) => errors.push(name));
    tab.loseDisk(false);
    expect(tab.hasDisk).toBe(false);
    tab.wake();
    await turn();
    expect([tab.hasDisk, tab.outbox.persistent, errors]).toEqual([true, true, []]);
  });

  it('leaves no listener and no timer after the outbox is closed', async () => {
    const tab = await openOnline();
    tab.outbox.publish('a', 1);
    await turn();
    expect(tab.listeners).toBeGreaterThan(0);
    tab.outbox.close();
    await turn();
    expect([tab.listeners, vi.getTimerCount(), tab.hasDisk]).toEqual([0, 0, false]);
  });
});

describe('a database that cannot be opened', () => {
  it('is retried with backoff, then only when the page is shown or publishes', async () => {
    browser.broken = new Error('refused');
    const tab = await open();
    await pass(10 * MINUTE);
    expect(vi.getTimerCount()).toBe(0);
    browser.broken = undefined;
    await pass(10 * MINUTE);
    expect(tab.outbox.persistent).toBe(false);
    tab.wake();
    await turn();
    expect(tab.outbox.persistent).toBe(true);
  });

  it('sends a stored message only if the attempt can be recorded', async () => {
    const tab = await open();
    tab.outbox.publish('a', 1);
    await turn();
    browser.broken = new Error('refused');
    browser.keepsNotes = false;
    tab.client.online();
    await pass(MINUTE);
    expect([sent(tab), listed(tab)]).toEqual([[], ['1 queued']]);
    browser.keepsNotes = true;
    await pass(MINUTE);
    expect([sent(tab), [...browser.notes.values()]]).toEqual([[1], [expect.any(Number)]]);
  });
});

describe('a write', () => {
  it('is fenced: a tab that lost the lead while frozen sends nothing more', async () => {
    const tab = await openOnline();
    const [one] = ['one', 'two'].map((text) => tab.outbox.publish('a', text));
    await turn();
    browser.lease = { tab: 'another', beat: 0 };
    tab.client.flight.accept();
    await microtasks(60);
    expect([one?.status, sent(tab)]).toEqual(['accepted', ['one']]);
  });

  it('goes to the ledger if the database fails, so that the next page repeats nothing', async () => {
    const tab = await openOnline();
    const outgoing = tab.outbox.publish('a', 1);
    await turn();
    browser.broken = new Error('lost');
    tab.client.flight.accept();
    await turn();
    expect([outgoing.status, browser.records.size, [...browser.notes.values()]]).toEqual(['accepted', 1, [-1]]);
    tab.kill();
    browser.broken = undefined;
    await pass(10 * MINUTE);
    const after = await openOnline();
    expect([sent(after), listed(after), browser.records.size, browser.notes.size]).toEqual([[], [], 0, 0]);
  });

  it('is repeated after another tab has deleted the database', async () => {
    const tab = await open();
    for (const n of [1, 2]) tab.outbox.publish('a', n);
    await turn();
    browser.delete();
    await turn();
    expect([...browser.records.values()].map(({ data }) => data)).toEqual([1, 2]);
    expect(listed(tab)).toEqual(['1 queued', '2 queued']);
  });
});

describe("the device's clock", () => {
  it.each([-24 * 60 * MINUTE, -60 * MINUTE, -MINUTE])(
    'does not delay anything if it is set back by %i ms',
    async (ms) => {
      const tab = await open({ maxAge: 2 * MINUTE });
      const outgoing = tab.outbox.publish('a', 1);
      await turn();
      vi.setSystemTime(Date.now() + ms);
      await pass(2 * MINUTE + 1000);
      expect(outgoing).toMatchObject({ status: 'refused', error: { name: 'outbox_expired' } });
    },
  );

  it('makes the next page report unknown outcomes if it is set back, and repeats nothing', async () => {
    const tab = await openOnline();
    tab.outbox.publish('a', 1);
    await turn();
    tab.kill();
    vi.setSystemTime(Date.now() - 60 * MINUTE);
    const after = await openOnline();
    expect([sent(after), after.outbox.messages[0]?.error?.name]).toEqual([[], 'outcome_unknown']);
  });
});

describe('several tabs', () => {
  it('see all messages, and one tab sends them', async () => {
    const [first, second] = [await openOnline(), await openOnline()];
    const outgoing = second.outbox.publish('a', 1);
    await turn();
    expect([sent(first), sent(second)]).toEqual([[1], []]);
    expect([listed(first), listed(second)]).toEqual([['1 sent'], ['1 sent']]);
    first.client.flight.accept();
    await expect(outgoing.settled).resolves.toMatchObject({ status: 'accepted', result: { offset: 1 } });
    expect(listed(second)).toEqual([]);
  });

  it.each(['dies', 'loses its connection', 'closes its outbox'])('continue when the sending tab %s', async (how) => {
    const [first, second] = [await openOnline(), await openOnline()];
    const keys = [1, 2].map((n) => first.outbox.publish('a', n).key);
    await turn();
    if (how === 'dies') first.kill();
    else if (how === 'loses its connection') first.client.offline();
    else first.outbox.close();
    for (const key of keys) {
      await turn();
      expect(second.client.flight.key).toBe(key);
      second.client.flight.accept();
    }
    await turn();
    expect([sent(second), listed(second)]).toEqual([[1, 2], []]);
  });

  it.each([1, 3, 6, 9])('continue with what another tab stored just before it died (%i steps)', async (steps) => {
    const [first, second] = [await openOnline(), await open()];
    second.outbox.publish('a', 1);
    await microtasks(steps);
    second.kill();
    await turn();
    expect(sent(first)).toEqual([1]);
  });

  it('retry, discard and clear for each other', async () => {
    const [first, second] = [await openOnline(), await openOnline()];
    const [one, two] = [1, 2].map((n) => first.outbox.publish(`c${n}`, n));
    await turn();
    for (const flight of [...first.client.flights]) flight.refuse('permission_denied');
    await turn();
    second.outbox.discard(one?.key ?? '');
    second.outbox.retry(two?.key ?? '');
    await turn();
    expect([one?.status, two?.status, first.client.flight.data]).toEqual(['discarded', 'sent', 2]);
    second.outbox.clear();
    await turn();
    expect([two?.status, first.client.flights, browser.records.size]).toEqual(['discarded', [], 0]);
  });
});

describe('the lists', () => {
  it('keep their identity until something changes, and are announced once per turn', async () => {
    const { outbox } = await open();
    const a = outbox.channel<number>('a');
    const seen: number[] = [];
    a.on('change', (messages) => seen.push(messages.length));
    const [all, mine] = [outbox.messages, a.messages];
    expect([outbox.messages === all, a.messages === mine, outbox.channel('a') === a]).toEqual([true, true, true]);
    outbox.publish('b', 1);
    await turn();
    expect([outbox.messages === all, a.messages === mine, seen]).toEqual([false, true, []]);
    a.publish(2);
    a.publish(3);
    await turn();
    expect(a.messages.map(({ data }) => data)).toEqual([2, 3]);
    expect(seen.at(-1)).toBe(2);
    expect(seen.length).toBeLessThanOrEqual(3);
    expect(Object.isFrozen(a.messages) && a.messages.every((message) => Object.isFrozen(message))).toBe(true);
  });
});

class Known extends EntryList {
  accepted(key: string): void {
    const times = { time: 1, until: 2, bytes: 3, version: 1, order: 1 };
    const entry: Entry = { key, channel: 'a', data: key, status: 'accepted', stored: true, ...times };
    this.apply(entry);
  }
}

it('remembers the outcome of the last thousand messages', () => {
  const list = new Known();
  for (let n = 0; n <= 1000; n++) list.accepted(`key ${n}`);
  expect([0, 1, 1000].map((n) => list.finished(`key ${n}`)?.status)).toEqual([undefined, 'accepted', 'accepted']);
});
