import { getEventListeners } from 'node:events';
import type { Clock } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { closing, failureOf, openInTime } from './connection.ts';

/** A clock whose timers ring when the test says so. */
class Bell implements Clock {
  #task: (() => void) | undefined;
  now = () => 0;
  monotonic = () => 0;
  after(_: number, task: () => void) {
    this.#task = task;
    return {
      cancel: () => {
        this.#task = undefined;
      },
    };
  }
  ring(): void {
    this.#task?.();
  }
  get isSet(): boolean {
    return this.#task !== undefined;
  }
}

class Connection {
  closed = 0;
  async close(): Promise<void> {
    this.closed++;
  }
}

describe('a connection', () => {
  it('that opens in time leaves no timer', async () => {
    const bell = new Bell();
    const connection = new Connection();
    const { signal } = new AbortController();
    expect(await openInTime({ clock: bell, signal }, async () => connection)).toBe(connection);
    expect([bell.isSet, getEventListeners(signal, 'abort')]).toEqual([false, []]);
  });

  it.each([
    ['in time', 'did not answer', (bell: Bell) => bell.ring()],
    ['before the bridge stops', 'the bridge stops', (_: Bell, stop: AbortController) => stop.abort()],
  ])('that does not open %s is given up, and closed if it opens later', async (_, reason, end) => {
    const bell = new Bell();
    const stop = new AbortController();
    const connection = new Connection();
    let open: (connection: Connection) => void = () => {};
    const opening = openInTime(
      { clock: bell, signal: stop.signal },
      () =>
        new Promise<Connection>((resolve) => {
          open = resolve;
        }),
    );
    end(bell, stop);
    await expect(opening).rejects.toThrow(reason);
    open(connection);
    await expect.poll(() => connection.closed).toBe(1);
  });

  it('is closed once after its use, and when the use fails', async () => {
    const connection = new Connection();
    const clock = new Bell();
    const { signal } = new AbortController();
    await closing(connection, { clock, signal }, async () => {});
    const failing = closing(connection, { clock, signal }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(connection.closed).toBe(2);
  });

  it('is closed as soon as the signal aborts', async () => {
    const connection = new Connection();
    const stop = new AbortController();
    let end: () => void = () => {};
    const used = closing(
      connection,
      { clock: new Bell(), signal: stop.signal },
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    stop.abort();
    expect(connection.closed).toBe(1);
    end();
    await used;
    expect(connection.closed).toBe(1);
  });
});

it('a connection that does not close is given up', async () => {
  const bell = new Bell();
  const { signal } = new AbortController();
  const used = closing({ close: () => new Promise(() => {}) }, { clock: bell, signal }, async () => {});
  await expect.poll(() => bell.isSet).toBe(true);
  bell.ring();
  await used;
});

it('a connection that is closed leaves no listener, and one of a bridge that has stopped is closed at once', async () => {
  const stop = new AbortController();
  const closedWithin: number[] = [];
  for (let at = 0; at < 2; at++) {
    const connection = new Connection();
    const clock = new Bell();
    await closing(connection, { clock, signal: stop.signal }, async () => void closedWithin.push(connection.closed));
    expect(clock.isSet).toBe(false);
    expect(connection.closed).toBe(1);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    stop.abort();
  }
  expect(closedWithin).toEqual([0, 1]);
});

it.each([
  [new Error('x'.repeat(2_001)), 'x'.repeat(2_000)],
  [new Error('connect to amqp://ada:secret@host failed'), 'connect to amqp://host failed'],
  [new Error('connect to amqp://ada:p@ss/w@rd@host/vhost failed'), 'connect to amqp://host/vhost failed'],
  [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['a text', 'a text'],
])('a failure is shown without credentials', (error, text) => {
  expect(failureOf(error)).toBe(text);
});
