import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Listener, ServerFeed } from './feed.ts';

/** A connection that only listens, whose answers the test gives. */
class FakeConnection extends EventEmitter {
  status = 'ready';
  readonly asked: unknown[][] = [];
  readonly waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  holding = false;
  disconnects = 0;

  async connect(): Promise<void> {
    this.emit('ready');
  }

  call(...command: unknown[]): Promise<void> {
    this.asked.push(command);
    if (!this.holding) return Promise.resolve();
    return new Promise((resolve, reject) => void this.waiting.push({ resolve, reject }));
  }

  ping(): Promise<void> {
    return this.call('ping');
  }

  disconnect(): void {
    this.disconnects++;
  }
}

const listener = () => ({ message: vi.fn<Listener['message']>(), restored: vi.fn<Listener['restored']>() });
const soon = () => new Promise((resolve) => setImmediate(resolve));

let connection: FakeConnection;
let feed: ServerFeed;

beforeEach(async () => {
  connection = new FakeConnection();
  feed = new ServerFeed({ label: 'r', connect: () => connection as unknown as Redis }, { beat: 60_000 });
  await feed.connect();
});
afterEach(() => feed.close());

describe('a feed', () => {
  it('receives what it has subscribed to, and nothing before the subscription is confirmed', async () => {
    connection.holding = true;
    const one = listener();
    const standing = feed.subscribe('a', one);
    await soon();
    connection.emit('message', 'a', 'early');
    connection.waiting[0]?.resolve();
    await standing;
    connection.emit('message', 'a', 'm1');
    connection.emit('message', 'b', 'of others');
    expect(one.message.mock.calls).toEqual([['m1']]);
  });

  it('leaves nothing behind where a subscription ends while it begins', async () => {
    connection.holding = true;
    const one = listener();
    const standing = feed.subscribe('a', one);
    await soon();
    feed.unsubscribe('a');
    await soon();
    for (const { resolve } of connection.waiting) resolve();
    await standing;
    connection.emit('message', 'a', 'm1');
    connection.emit('close');
    connection.emit('ready');
    await soon();
    expect(connection.asked).toEqual([
      ['subscribe', 'a'],
      ['unsubscribe', 'a'],
    ]);
    expect([one.message, one.restored].flatMap(({ mock }) => mock.calls)).toEqual([]);
  });

  it('uses the latest listener if a subscription restarts while it starts', async () => {
    connection.holding = true;
    const [first, second] = [listener(), listener()];
    const all = [feed.subscribe('a', first), feed.subscribe('a', second)];
    await soon();
    for (const { resolve } of connection.waiting) resolve();
    await Promise.all(all);
    connection.emit('message', 'a', 'm1');
    expect([first.message.mock.calls, second.message.mock.calls]).toEqual([[], [['m1']]]);
  });

  it('has no subscription where it was refused, but for one that is to last', async () => {
    connection.holding = true;
    const [one, lasting] = [listener(), listener()];
    const asked = [feed.subscribe('a', one), feed.subscribe('b', lasting, { last: true })];
    await soon();
    for (const { reject } of connection.waiting) reject(new Error('NOPERM'));
    for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
    connection.holding = false;
    connection.asked.length = 0;
    connection.emit('close');
    connection.emit('ready');
    await soon();
    expect(connection.asked).toEqual([['subscribe', 'b']]);
    expect([one.restored.mock.calls.length, lasting.restored.mock.calls.length]).toEqual([0, 1]);
  });

  it('receives nothing between the loss of the connection and the new subscription, and reports a possible loss', async () => {
    const one = listener();
    await feed.subscribe('a', one);
    connection.emit('close');
    expect(feed.trouble).toBe('the feed of Redis at r is down');
    connection.emit('message', 'a', 'of a connection that is gone');
    connection.emit('ready');
    await soon();
    expect(feed.trouble).toBeUndefined();
    connection.emit('message', 'a', 'm1');
    expect(one.message.mock.calls).toEqual([['m1']]);
    expect(one.restored).toHaveBeenCalledTimes(1);
  });

  it('reconnects if it cannot subscribe again', async () => {
    await feed.subscribe('a', listener());
    connection.emit('close');
    connection.holding = true;
    connection.emit('ready');
    await soon();
    connection.waiting[0]?.reject(new Error('LOADING'));
    await soon();
    expect(connection.disconnects).toBe(1);
    expect(feed.trouble).toBeDefined();
  });

  it.each([1, 499, 500, 501, 1_200])('asks for %i names in commands of 500', async (count) => {
    await Promise.all(Array.from({ length: count }, (_, at) => feed.subscribe(`c${at}`, listener())));
    expect(connection.asked.map((command) => command.length - 1)).toEqual([
      ...Array.from({ length: Math.floor(count / 500) }, () => 500),
      ...(count % 500 === 0 ? [] : [count % 500]),
    ]);
    connection.asked.length = 0;
    connection.emit('close');
    connection.emit('ready');
    await soon();
    expect(connection.asked.flatMap(([, ...names]) => names)).toHaveLength(count);
  });

  it('treats unreadable announcements as missed, and continues', async () => {
    const one = listener();
    one.message.mockImplementationOnce(() => {
      throw new SyntaxError('Unexpected token');
    });
    await feed.subscribe('a', one);
    connection.emit('message', 'a', 'garbage');
    expect(one.restored).toHaveBeenCalledTimes(1);
    connection.emit('message', 'a', 'm1');
    expect(one.message).toHaveBeenCalledTimes(2);
  });

  it('keeps no timer and no listener once closed', async () => {
    const one = listener();
    await feed.subscribe('a', one);
    feed.close();
    connection.emit('message', 'a', 'late');
    connection.emit('ready');
    await soon();
    expect([one.message, one.restored].flatMap(({ mock }) => mock.calls)).toEqual([]);
  });
});
