import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../src/errors.ts';
import { type Entry, PENDING } from '../src/outbox/entry.ts';
import { createOutbox } from '../src/outbox/index.ts';
import { openStore, type Store } from '../src/outbox/store.ts';
import { takeTurn } from '../src/outbox/turn.ts';
import { FakeClient } from './support/fake-client.ts';

const entry = (data: unknown, more: Partial<Entry> = {}): Entry => ({
  key: `key of ${data}`,
  channel: 'a',
  data,
  time: 1,
  status: 'queued',
  stored: false,
  order: PENDING,
  version: 0,
  until: 2,
  bytes: 3,
  ...more,
});

let store: Store;

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  store = await openStore('test');
});

afterEach(() => {
  store.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the database', () => {
  it('gives numbers in order, and keeps entries over a reload, with their errors', async () => {
    const error = new SluiceError({ code: 4306, name: 'permission_denied', message: 'No.', retryable: false });
    const orders = await Promise.all([store.add(entry('x')), store.add(entry('y', { error, status: 'refused' }))]);
    store.close();
    store = await openStore('test');
    const [x, y] = await store.all();
    expect([x?.order, y?.order]).toEqual(orders);
    expect(x).toEqual(entry('x', { order: orders[0], stored: true }));
    expect(y?.error).toBeInstanceOf(SluiceError);
    expect(y?.error).toMatchObject({ code: 4306, name: 'permission_denied', message: 'No.', retryable: false });
  });

  it('changes an entry in one step, and removes it when that is final', async () => {
    const order = await store.add(entry('x'));
    await expect(store.update(order, (now) => ({ ...now, status: 'sent' }))).resolves.toMatchObject({ status: 'sent' });
    await expect(store.update(order, () => undefined)).resolves.toMatchObject({ status: 'sent', data: 'x' });
    await store.update(order, (now) => ({ ...now, status: 'accepted' }));
    await expect(store.all()).resolves.toEqual([]);
    await expect(store.update(order, (now) => now)).resolves.toBeUndefined();
    const other = await store.add(entry('y'));
    await store.remove(other);
    await expect(store.all()).resolves.toEqual([]);
  });

  it('rejects where there is none, and where it never opens', async () => {
    vi.stubGlobal('indexedDB', undefined);
    await expect(openStore('test')).rejects.toThrow();
    vi.useFakeTimers();
    vi.stubGlobal('indexedDB', { open: () => ({}) });
    const opening = expect(openStore('test')).rejects.toThrow('did not open in time');
    await vi.advanceTimersByTimeAsync(5000);
    await opening;
  });
});

describe('the turn without Web Locks', () => {
  const signal = () => new AbortController().signal;

  it('belongs to one tab, until that gives it up', async () => {
    vi.stubGlobal('navigator', {});
    const giveUp = await takeTurn('test', { store, signal: signal(), lost: () => {} });
    const now = Date.now();
    await expect(store.claim('other', now, now + 1000)).resolves.toBe(false);
    giveUp();
    await expect(store.claim('other', now, now + 1000)).resolves.toBe(true);
  });

  it('ends for a tab that stood still for so long that another one took it', async () => {
    vi.stubGlobal('navigator', {});
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    const lost = new Promise<void>((resolve) => {
      void takeTurn('test', { store, signal: signal(), lost: resolve }).then(async () => {
        vi.setSystemTime(Date.now() + 6000);
        await store.claim('other', Date.now(), Date.now() + 100_000);
        vi.advanceTimersByTime(2000);
      });
    });
    await expect(lost).resolves.toBeUndefined();
  });
});

describe('createOutbox', () => {
  it('stores on disk, and finds it there after a reload, for the same user and name only', async () => {
    const outboxes = [
      { user: 'ada', name: 'chat' },
      { user: 'bob', name: 'chat' },
      { user: 'ada' },
      { user: null, name: 'chat' },
    ].map((options) => createOutbox(new FakeClient().face, options));
    const [first] = outboxes;
    const outgoing = first?.publish('a', { text: 'Hello' });
    await new Promise<void>((resolve) => outgoing?.onStatus(({ stored }) => stored && resolve()));
    for (const outbox of outboxes) outbox.close();

    const counts = await Promise.all(
      [{ user: 'ada', name: 'chat' }, { user: 'bob', name: 'chat' }, { user: 'ada' }].map(async (options) => {
        const outbox = createOutbox(new FakeClient().face, options);
        await outbox.ready;
        outbox.close();
        return outbox.messages.map(({ data }) => data);
      }),
    );
    expect(counts).toEqual([[{ text: 'Hello' }], [], []]);
  });

  it('forgets on clear() what is on its way to the disk, though it is closed at once', async () => {
    const outbox = createOutbox(new FakeClient().face, { user: 'ada' });
    await outbox.ready;
    const outgoing = outbox.publish('a', 1);
    outbox.clear();
    outbox.close();
    await expect(outgoing.settled).resolves.toMatchObject({ status: 'discarded' });
    const again = createOutbox(new FakeClient().face, { user: 'ada' });
    await again.ready;
    const empty = () => again.messages.length === 0;
    await new Promise<void>((resolve) => {
      again.on('change', () => empty() && resolve());
      if (empty()) resolve();
    });
    again.close();
    store.close();
    store = await openStore('sluice-outbox ["default","ada"]');
    await expect(store.all()).resolves.toEqual([]);
  });

  it('works in memory where there is no disk, as on a server that renders pages', async () => {
    vi.stubGlobal('indexedDB', undefined);
    const outbox = createOutbox(new FakeClient().face, { user: 'ada' });
    const errors: string[] = [];
    outbox.on('error', ({ name }) => errors.push(name));
    const outgoing = outbox.publish('a', 1);
    await outbox.ready;
    expect([outbox.persistent, errors, outgoing.status]).toEqual([false, ['outbox_not_stored'], 'queued']);
    outbox.close();
  });
});
