import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { ReplyError, type RequestOptions, request, requestMany, respond } from '../src/requests/index.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';
import { countHeld } from './support/garbage.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
  gateway = new FakeGateway();
  client = gateway.client({ token: () => 'token' });
});

afterEach(() => {
  client.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function connect(): Promise<void> {
  await turn();
  await gateway.socket.accept();
}

const outcome = (work: Promise<unknown>) => {
  const seen: unknown[] = [];
  work.then(
    (value) => seen.push(value),
    (error) => seen.push(error.name ?? error),
  );
  return seen;
};

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const ask = (options: RequestOptions = {}) => request(client.channel('a'), { n: 1 }, options);

describe('a request', () => {
  it('is sent with the first frame, and returns the data of the reply', async () => {
    const seen = outcome(ask({ timeout: 500 }));
    await connect();
    expect(gateway.socket.last('request')).toMatchObject({ channel: 'a', data: { n: 1 }, timeout: 500 });
    gateway.socket.reply('request', { data: 'yes' });
    await turn();
    expect(seen).toEqual(['yes']);
  });

  it('copies its data', async () => {
    const data = { n: 1 };
    void request(client.channel('a'), data).catch(() => {});
    data.n = 2;
    await connect();
    expect(gateway.socket.last('request').data).toEqual({ n: 1 });
  });

  it('fails if there is no connection in time, and is never sent', async () => {
    const seen = outcome(ask({ timeout: 500 }));
    await pass(500);
    expect(seen).toEqual(['timed_out']);
    await connect();
    expect(gateway.socket.sent('request')).toEqual([]);
  });

  it('is not limited by the client once it is sent, because the gateway limits it', async () => {
    const seen = outcome(ask({ timeout: 500 }));
    await connect();
    await pass(10_000);
    expect(seen).toEqual([]);
  });

  it('fails if the connection is lost, and is not sent again', async () => {
    const seen = outcome(ask());
    await connect();
    gateway.socket.drop();
    await pass(1000);
    await gateway.socket.accept();
    expect([seen, gateway.socket.sent('request')]).toEqual([['connection_lost'], []]);
  });

  it('is cancelled by its signal', async () => {
    const controller = new AbortController();
    const seen = outcome(ask({ signal: controller.signal }));
    await connect();
    const { id } = gateway.socket.last('request');
    controller.abort('no longer needed');
    await turn();
    expect(gateway.socket.last('cancel')).toMatchObject({ request: id });
    expect(seen).toEqual(['no longer needed']);
  });

  it('is dropped if its signal aborts before it is sent', async () => {
    const controller = new AbortController();
    const seen = outcome(ask({ signal: controller.signal }));
    controller.abort('no longer needed');
    await connect();
    expect([gateway.socket.sent('request'), gateway.socket.sent('cancel'), seen]).toEqual([
      [],
      [],
      ['no longer needed'],
    ]);
  });

  it('rejects with the signal if it has aborted already, and with closed if the client is closed', async () => {
    await expect(ask({ signal: AbortSignal.abort('before') })).rejects.toBe('before');
    const seen = outcome(ask());
    client.close();
    await turn();
    expect(seen).toEqual(['closed']);
  });

  it('leaves neither a timer nor a listener', async () => {
    const { signal } = new AbortController();
    void client.connect();
    await connect();
    const before = vi.getTimerCount();
    const asked = ask({ signal });
    await turn();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    expect(vi.getTimerCount()).toBeGreaterThan(before);
    gateway.socket.reply('request', { data: 'yes' });
    await asked;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(vi.getTimerCount()).toBe(before);
  });

  it('may wait for longer than a timer can', async () => {
    client.on('error', () => {});
    const seen = outcome(ask({ timeout: 2 ** 31 }));
    await pass(60_000);
    expect(seen).toEqual([]);
  });

  it.each([0, 1.5, Number.POSITIVE_INFINITY])('rejects the timeout %d', async (timeout) => {
    await expect(ask({ timeout })).rejects.toThrow(`"timeout" must be whole milliseconds from 1, not ${timeout}.`);
  });

  it('rejects data that is not JSON', async () => {
    await expect(request(client.channel('a'), new Map())).rejects.toMatchObject({ name: 'payload_invalid' });
  });
});

describe('a stream of replies', () => {
  it('has the replies of pushes and the last one, each for its own request', async () => {
    const [first, second] = [requestMany(client.channel('a'), 1), requestMany(client.channel('b'), 2)];
    const reading = [all(first), all(second)];
    await connect();
    const [a, b] = gateway.socket.sent('request');
    gateway.socket.push({ type: 'replies', request: b?.id ?? 0, replies: [{ data: 'b1' }] });
    gateway.socket.push({ type: 'replies', request: a?.id ?? 0, replies: [{ data: 'a1' }, { data: 'a2' }] });
    gateway.socket.push({ type: 'reply', id: a?.id ?? 0, result: { data: 'a3' } });
    gateway.socket.push({ type: 'reply', id: b?.id ?? 0, result: {} });
    expect(await Promise.all(reading)).toEqual([['a1', 'a2', 'a3'], ['b1']]);
  });

  it('is cancelled when the loop ends', async () => {
    const stream = requestMany(client.channel('a'), 1);
    const next = stream.next();
    await connect();
    const { id } = gateway.socket.last('request');
    gateway.socket.push({ type: 'replies', request: id, replies: [{ data: 1 }] });
    expect(await next).toEqual({ done: false, value: 1 });
    await stream.return();
    await turn();
    expect(gateway.socket.last('cancel')).toMatchObject({ request: id });
  });
});

describe('a responder', () => {
  const incoming = (name: string, data: unknown = null) =>
    gateway.socket.push({
      type: 'requests',
      channel: 'a',
      requests: [{ request: name, data: data as never, timeout: 1000 }],
    });
  const replies = () => gateway.socket.sent('reply').map(({ id, type, ...rest }) => rest);

  async function begin(...[handler, options]: [Parameters<typeof respond>[1], Parameters<typeof respond>[2]?]) {
    const responder = respond(client.channel('a'), handler, options);
    await connect();
    gateway.socket.reply('respond', {});
    return responder;
  }

  it('registers with its concurrency, and replies', async () => {
    await begin(({ data }) => [data, 'and back'], { concurrency: 3 });
    expect(gateway.socket.last('respond')).toMatchObject({ channel: 'a', concurrency: 3 });
    incoming('r1', 'there');
    await turn();
    expect(replies()).toEqual([{ request: 'r1', data: ['there', 'and back'] }]);
  });

  it('keeps at most eight replies of a stream unanswered', async () => {
    await begin(async function* () {
      for (let n = 0; n < 20; n++) yield n;
    });
    incoming('r1');
    await turn();
    expect(replies()).toHaveLength(8);
    for (const { id } of gateway.socket.sent('reply')) gateway.socket.push({ type: 'reply', id, result: {} });
    await turn();
    expect(replies()).toHaveLength(16);
  });

  it('ends a stream without replies, without a value', async () => {
    await begin(async function* () {});
    incoming('r1');
    await turn();
    expect(replies()).toEqual([{ request: 'r1' }]);
  });

  it('keeps no listener for the replies of a stream', async () => {
    const signals: AbortSignal[] = [];
    await begin(async function* ({ signal }) {
      signals.push(signal);
      for (let n = 0; n < 5; n++) yield n;
      await new Promise<never>(() => {});
    });
    incoming('r1');
    await turn();
    const listeners = () => signals.map((signal) => getEventListeners(signal, 'abort').length);
    expect(listeners()).toEqual([6]); // one of the stream itself
    for (const { id } of gateway.socket.sent('reply')) gateway.socket.push({ type: 'reply', id, result: {} });
    await turn();
    expect(listeners()).toEqual([1]);
  });

  it('keeps nothing of the values of a stream that were sent', async () => {
    const values: WeakRef<object>[] = [];
    await begin(async function* () {
      for (let n = 0; n < 5; n++) {
        const value = { n };
        values.push(new WeakRef(value));
        yield value;
      }
      await new Promise<never>(() => {});
    });
    incoming('r1');
    await turn();
    for (const { id } of gateway.socket.sent('reply')) gateway.socket.push({ type: 'reply', id, result: {} });
    await turn();
    expect(await countHeld(values.slice(0, -1))).toBe(0);
  });

  it('ends the generator of a request that was cancelled', async () => {
    let ended = false;
    await begin(async function* ({ signal }) {
      try {
        yield 1;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield 2;
      } finally {
        ended = true;
      }
    });
    incoming('r1');
    await turn();
    gateway.socket.push({ type: 'cancelled', channel: 'a', request: 'r1', reason: 'asked' });
    await turn();
    expect([ended, replies()]).toEqual([true, [{ request: 'r1', data: 1, more: true }]]);
  });

  it('does not report a handler that fails because its request was cancelled, or has ended', async () => {
    const onError = vi.fn();
    await begin(
      ({ signal, data }) => {
        if (data === 'ended') return 1;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
      { onError },
    );
    incoming('r1');
    gateway.socket.push({ type: 'cancelled', channel: 'a', request: 'r1', reason: 'asked' });
    await turn();
    incoming('r2', 'ended');
    await turn();
    gateway.socket.refuse('reply', 'request_ended');
    await turn();
    expect([onError.mock.calls, replies()]).toEqual([[], [{ request: 'r2', data: 1 }]]);
  });

  it('sends nothing for a request that was cancelled, and aborts its signal', async () => {
    const signals: AbortSignal[] = [];
    let release = () => {};
    await begin(({ signal }) => {
      signals.push(signal);
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    incoming('r1');
    gateway.socket.push({ type: 'cancelled', channel: 'a', request: 'r1', reason: 'asked' });
    release();
    await turn();
    expect([signals[0]?.aborted, replies()]).toEqual([true, []]);
  });

  it('aborts its requests when the connection is lost, and registers again', async () => {
    const signals: AbortSignal[] = [];
    await begin(({ signal }) => {
      signals.push(signal);
      return new Promise<void>(() => {});
    });
    incoming('r1');
    gateway.socket.drop();
    expect(signals[0]?.aborted).toBe(true);
    await pass(1000);
    await gateway.socket.accept();
    expect(gateway.socket.sent('respond')).toHaveLength(1);
  });

  it('replies with the code of a reply that is not JSON', async () => {
    const onError = vi.fn();
    await begin(() => new Map(), { onError });
    incoming('r1');
    await turn();
    expect(replies()).toEqual([{ request: 'r1', error: { code: 'invalid_reply' } }]);
    expect(onError).toHaveBeenCalledOnce();
  });

  it('replies with the error that the handler throws', async () => {
    await begin(() => {
      throw new ReplyError('no_stock', 'sold out', { left: 0 });
    });
    incoming('r1');
    await turn();
    expect(replies()).toEqual([{ request: 'r1', error: { code: 'no_stock', message: 'sold out', data: { left: 0 } } }]);
  });

  it('reports an error that the gateway refuses, and replies with another one', async () => {
    const onError = vi.fn();
    await begin(
      () => {
        throw new ReplyError('not now');
      },
      { onError },
    );
    incoming('r1');
    await turn();
    gateway.socket.refuse('reply', 'command_invalid');
    await turn();
    expect(replies().slice(1)).toEqual([{ request: 'r1', error: { code: 'invalid_reply' } }]);
    expect(onError.mock.calls).toMatchObject([[{ name: 'command_invalid' }]]);
  });

  it('does not report an error for a request that has ended', async () => {
    const onError = vi.fn();
    await begin(
      () => {
        throw new ReplyError('no_stock');
      },
      { onError },
    );
    incoming('r1');
    await turn();
    gateway.socket.refuse('reply', 'request_ended');
    await turn();
    expect([replies().length, onError.mock.calls]).toEqual([1, []]);
  });

  it('ends if the gateway ends the registration', async () => {
    const onError = vi.fn();
    await begin(() => 1, { onError });
    gateway.socket.push({ type: 'unresponded', channel: 'a', reason: 'permission' });
    expect(onError.mock.calls).toMatchObject([[{ name: 'permission_denied' }]]);
  });

  it('is one of a client for each channel', async () => {
    await begin(() => 1);
    expect(() => respond(client.channel('a'), () => 1)).toThrow('this client responds already');
  });

  it('stops at once if nothing is open', async () => {
    const responder = await begin(() => 1);
    incoming('r1');
    await turn();
    gateway.socket.reply('reply', {});
    await turn();
    const stopped = outcome(responder.stop());
    await turn();
    gateway.socket.reply('unrespond', {});
    await turn();
    expect(stopped).toEqual([undefined]);
  });
});
