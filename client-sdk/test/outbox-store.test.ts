import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../src/errors.ts';
import { type Entry, PENDING } from '../src/outbox/entry.ts';
import { createOutbox } from '../src/outbox/index.ts';
import { type Lease, openStore, type Store } from '../src/outbox/store.ts';
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
let lost: number;

function open(name = 'test', signal = new AbortController().signal): Promise<Store> {
  return openStore(name, {
    signal,
    lost: () => {
      lost++;
    },
  });
}

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  lost = 0;
  store = await open();
});

afterEach(() => {
  store.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the database', () => {
  it('assigns numbers in order, and keeps entries with their errors across a reload', async () => {
    const error = new SluiceError({ code: 4306, name: 'permission_denied', message: 'No.', retryable: false });
    const orders = await Promise.all([store.add(entry('x')), store.add(entry('y', { error, status: 'refused' }))]);
    store.close();
    store = await open();
    const [x, y] = await store.all();
    expect([x?.order, y?.order]).toEqual(orders);
    expect(x).toEqual(entry('x', { order: orders[0], stored: true }));
    expect(y?.error).toBeInstanceOf(SluiceError);
    expect(y?.error).toMatchObject({ code: 4306, name: 'permission_denied', message: 'No.', retryable: false });
  });

  it('changes an entry atomically, and removes it if the change is final', async () => {
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

  it('passes the leader to a change, and counts the renewals of its lease', async () => {
    const order = await store.add(entry('x'));
    const senders: string[] = [];
    const look = (_: Entry, sender: string) => void senders.push(sender);
    await store.update(order, look);
    await expect(store.lease(() => undefined)).resolves.toEqual({ tab: '', beat: 0 });
    const beat = ({ beat: before }: Lease) => ({ tab: 'a', beat: before + 1 });
    await store.lease(beat);
    await expect(store.lease(beat)).resolves.toEqual({ tab: 'a', beat: 2 });
    await store.update(order, look);
    expect(senders).toEqual(['', 'a']);
  });

  it('merges atomically, and keeps its identity until it is deleted', async () => {
    const [x, y] = await Promise.all([store.add(entry('x')), store.add(entry('y'))]);
    const lives: string[] = [];
    const between = entry('z', { order: (x ?? 0) + 0.5, stored: true });
    const after = await store.merge((entries, life) => {
      lives.push(life);
      expect(entries.map(({ data }) => data)).toEqual(['x', 'y']);
      return { put: [between], remove: [y ?? 0] };
    });
    expect(after.map(({ data }) => data)).toEqual(['x', 'z']);
    store.close();
    store = await open();
    const look = (_: readonly Entry[], life: string) => {
      lives.push(life);
      return { put: [], remove: [] };
    };
    expect((await store.merge(look)).map(({ data }) => data)).toEqual(['x', 'z']);
    store.close();
    await new Promise((resolve) => {
      indexedDB.deleteDatabase('test').onsuccess = resolve;
    });
    store = await open();
    expect(await store.merge(look)).toEqual([]);
    const [first, second, third] = lives;
    expect([first === second, second === third, first?.length]).toEqual([true, false, expect.any(Number)]);
  });

  it('rejects if there is no IndexedDB', async () => {
    vi.stubGlobal('indexedDB', undefined);
    await expect(open()).rejects.toThrow();
  });

  it('closes and reports it when another tab deletes the database', async () => {
    await new Promise((resolve) => {
      indexedDB.deleteDatabase('test').onsuccess = resolve;
    });
    expect(lost).toBe(1);
    await expect(store.all()).rejects.toThrow();
  });

  it('closes immediately if it opens after the caller has given up', async () => {
    const late = new AbortController();
    void open('late', late.signal);
    late.abort();
    // A connection that stayed open would block this.
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('late');
      request.onsuccess = resolve;
      request.onblocked = () => reject(new Error('blocked'));
    });
  });

  it('closes a handle that arrives after the caller has given up', () => {
    const close = vi.fn();
    const request = { result: { close }, onsuccess: () => {} };
    vi.stubGlobal('indexedDB', { open: () => request });
    const late = new AbortController();
    void open('late', late.signal);
    late.abort();
    request.onsuccess();
    expect(close).toHaveBeenCalledOnce();
  });

  it('applies no step that was pending when it was abandoned', async () => {
    const order = await store.add(entry('x'));
    const begun = expect(store.update(order, (now) => ({ ...now, status: 'sent' }))).rejects.toThrow();
    store.abandon();
    await begun;
    store = await open();
    expect((await store.all()).map(({ status }) => status)).toEqual(['queued']);
  });

  it('aborts pending steps when abandoned, and finishes them when closed', async () => {
    const begun = store.add(entry('x'));
    store.abandon();
    await begun.catch(() => {});
    store = await open();
    const finished = store.add(entry('y'));
    store.close();
    await finished;
    store = await open();
    const outcome = await begun.then(
      () => ['x', 'y'],
      () => ['y'],
    );
    expect((await store.all()).map(({ data }) => data)).toEqual(outcome);
  });
});

describe('createOutbox', () => {
  it('stores on disk, and reads after a reload for the same user and name only', async () => {
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

  it('discards pending writes on clear(), even if it is closed immediately', async () => {
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
    store = await open('sluice-outbox ["default","ada"]');
    await expect(store.all()).resolves.toEqual([]);
  });

  it('works in memory without a disk, for example in server-side rendering', async () => {
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
