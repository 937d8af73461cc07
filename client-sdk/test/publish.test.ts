import { msgpack } from '@sluice/protocol/msgpack';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Channel } from '../src/channel-api.ts';
import { SluiceError } from '../src/errors.ts';
import { FakeGateway, pass, turn, wireMessage } from './support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;
let channel: Channel;

async function connect(codec?: typeof msgpack): Promise<void> {
  gateway = new FakeGateway(codec);
  client = gateway.client();
  channel = client.channel('a');
  void client.connect();
  await turn();
  await gateway.socket.accept({ maxFrame: 2000 });
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  await connect();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const result = { id: 'm1', epoch: 'e1', offset: 1 };

describe('publish', () => {
  it("sends the message's fields, and resolves with its position", async () => {
    const published = channel.publish({ n: 1 }, { event: 'chat', tags: { a: 'b' }, timeout: 5 });
    await turn();
    const { id: _, key, series: __, ...command } = gateway.socket.last('publish');
    expect(command).toEqual({ type: 'publish', channel: 'a', data: { n: 1 }, event: 'chat', tags: { a: 'b' } });
    expect(key).toMatch(/^\d+(-\d+){3}$/);
    gateway.socket.reply('publish', result);
    await expect(published).resolves.toEqual(result);
    expect(client.state).toBe('connected');
  });

  it.each([Number.POSITIVE_INFINITY, 2 ** 31])('never times out with a timeout of %d', async (timeout) => {
    const published = channel.publish(1, { timeout });
    await pass(1000);
    gateway.socket.reply('publish', result);
    await expect(published).resolves.toEqual(result);
  });

  it("uses the application's key, or generates one per publish", async () => {
    for (const key of ['mine', undefined, undefined]) {
      void channel.publish(null, key === undefined ? {} : { key }).catch(() => {});
    }
    await turn();
    const keys = gateway.socket.sent('publish').map(({ key }) => key);
    expect(keys[0]).toBe('mine');
    expect(new Set(keys).size).toBe(3);
  });

  it('copies the data synchronously', async () => {
    const data = { text: 'before' };
    void channel.publish(data).catch(() => {});
    data.text = 'after';
    await turn();
    expect(gateway.socket.last('publish').data).toEqual({ text: 'before' });
  });

  it.each([
    ['JSON', undefined],
    ['MessagePack', msgpack],
  ])('rejects data that %s cannot encode, without affecting others', async (_name, codec) => {
    await connect(codec);
    const circle: unknown[] = [];
    circle.push(circle);
    const bad = channel.publish(circle);
    const good = channel.publish(1);
    await expect(bad).rejects.toBeInstanceOf(Error);
    await turn();
    gateway.socket.reply('publish', result);
    await expect(good).resolves.toEqual(result);
  });

  it('rejects with the error of the gateway', async () => {
    const published = channel.publish(1);
    await turn();
    gateway.socket.refuse('publish', 'payload_too_large', { code: 4309, retryAfter: 10 });
    const error = await published.catch((why: unknown) => why);
    expect(error).toBeInstanceOf(SluiceError);
    expect(error).toMatchObject({ name: 'payload_too_large', code: 4309, retryable: false, retryAfter: 10 });
  });

  it('rejects locally what the gateway would close the connection for', async () => {
    const large = channel.publish('x'.repeat(2000));
    const small = channel.publish(1);
    await expect(large).rejects.toMatchObject({
      name: 'payload_too_large',
      message: expect.stringContaining('at most 2000'),
    });
    gateway.socket.reply('publish', result);
    await expect(small).resolves.toEqual(result);
  });

  it('keeps the order across a lost connection, and never resends an answered publish', async () => {
    const published = [1, 2, 3].map((n) => channel.publish(n));
    await turn();
    const first = gateway.socket.sent('publish');
    gateway.socket.push({ type: 'reply', id: first[1]?.id ?? 0, result });
    gateway.socket.drop();
    const late = channel.publish(4);
    await pass(250);
    gateway.socket.open();
    const again = gateway.socket.sent('publish');
    expect(again.map(({ data }) => data)).toEqual([1, 3, 4]);
    expect(again[0]?.key).toBe(first[0]?.key);
    await gateway.socket.accept();
    for (const { id } of again) gateway.socket.push({ type: 'reply', id, result });
    await expect(Promise.all([...published, late])).resolves.toHaveLength(4);
  });

  it('times out, even without a connection', async () => {
    const published = channel.publish(1, { timeout: 1000 });
    const rejected = expect(published).rejects.toMatchObject({ name: 'timed_out', retryable: true });
    gateway.socket.drop();
    await pass(1000);
    await rejected;
    expect(gateway.socket.sent('publish')).toHaveLength(0);
  });

  it('is cancelled by its signal, and leaves nothing open', async () => {
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    const timers = vi.getTimerCount();
    const unsent = channel.publish(1, { signal: controller.signal });
    const never = channel.publish(2, { signal: AbortSignal.abort('before') });
    controller.abort('enough');
    await expect(unsent).rejects.toBe('enough');
    await expect(never).rejects.toBe('before');
    await turn();
    expect(gateway.socket.sent('publish')).toHaveLength(0);
    expect([remove.mock.calls.length, vi.getTimerCount()]).toEqual([1, timers]);
  });

  it('is rejected immediately if the client is closed', async () => {
    client.close();
    await expect(channel.publish(1)).rejects.toMatchObject({ name: 'closed' });
  });
});

describe('a rate-limited publish', () => {
  /** The data that was sent, each command once. */
  const sent = (name = 'a') =>
    gateway.socket
      .sent('publish')
      .filter((command) => command.channel === name)
      .map(({ data }) => data);

  function answer(n: number): void {
    const { id, data } = gateway.socket.sent('publish')[n] ?? { id: 0, data: 0 };
    gateway.socket.push({ type: 'reply', id, result: { ...result, offset: Number(data) } });
  }

  function refuse(n: number, retryAfter?: number): void {
    const { id } = gateway.socket.sent('publish')[n] ?? { id: 0 };
    const error = { code: 4311, name: 'rate_limited', message: 'too much', retryable: true };
    gateway.socket.push({ type: 'error', id, error: { ...error, ...(retryAfter !== undefined && { retryAfter }) } });
  }

  it('is retried with the same key after the time that the gateway specified', async () => {
    const published = channel.publish(1);
    await turn();
    refuse(0, 700);
    await pass(699);
    expect(sent()).toEqual([1]);
    await pass(1);
    const [first, second] = gateway.socket.sent('publish');
    expect([second?.key, second?.data]).toEqual([first?.key, 1]);
    answer(1);
    await expect(published).resolves.toMatchObject({ offset: 1 });
  });

  it('keeps the order: later publishes of the channel wait, other channels do not', async () => {
    const published = [1, 2, 3].map((n) => channel.publish(n));
    await turn();
    answer(0);
    refuse(1, 400);
    published.push(channel.publish(4));
    refuse(2, 500);
    void client.channel('b').publish(9);
    await turn();
    expect([sent(), sent('b')]).toEqual([[1, 2, 3], [9]]);
    await pass(400);
    // One is sent ahead.
    expect(sent()).toEqual([1, 2, 3, 2]);
    answer(4);
    await turn();
    expect(sent()).toEqual([1, 2, 3, 2, 3, 4]);
    answer(5);
    answer(6);
    await expect(Promise.all(published)).resolves.toMatchObject([1, 2, 3, 4].map((offset) => ({ offset })));
  });

  it('marks a series that the gateway does not know as broken, per channel', async () => {
    const series = () => gateway.socket.sent('publish').map(({ series }) => series ?? 0);
    void Promise.all([1, 2].map((n) => channel.publish(n)));
    void client.channel('b').publish(9);
    await turn();
    const [one, two, other] = series() as [number, number, number];
    expect(one).toBe(two);
    expect(other).not.toBe(one);
    refuse(0, 400);
    refuse(1, 400);
    await pass(400);
    answer(3);
    await turn();
    const [next, last] = series().slice(3) as [number, number];
    expect(next).toBeGreaterThan(Math.max(one, other));
    expect(last).toBe(next);
    answer(4);
    void channel.publish(3);
    await turn();
    expect(series()[5]).toBeGreaterThan(next);
  });

  it('is rejected if the gateway specified no time', async () => {
    const published = channel.publish(1);
    await turn();
    refuse(0);
    await expect(published).rejects.toMatchObject({ name: 'rate_limited' });
  });

  it('times out with the refusal, and the next publishes continue', async () => {
    const first = channel.publish(1, { timeout: 1000 });
    const rejected = expect(first).rejects.toMatchObject({ name: 'rate_limited', retryable: true });
    await turn();
    refuse(0, 5000);
    const second = channel.publish(2);
    await pass(1000);
    await rejected;
    await pass(4000);
    expect(sent()).toEqual([1, 2]);
    answer(1);
    await expect(second).resolves.toMatchObject({ offset: 2 });
  });

  it('times out with what is wrong with the connection, if it was lost after the refusal', async () => {
    const published = channel.publish(1, { timeout: 1000 });
    const rejected = expect(published).rejects.toMatchObject({ name: 'timed_out', cause: { name: 'connection_lost' } });
    await turn();
    refuse(0, 5000);
    gateway.socket.drop();
    await pass(1000);
    await rejected;
  });

  it('leaves no timer after it is cancelled', async () => {
    const controller = new AbortController();
    const timers = vi.getTimerCount();
    const published = channel.publish(1, { signal: controller.signal });
    await turn();
    refuse(0, 5000);
    controller.abort('enough');
    await expect(published).rejects.toBe('enough');
    expect(vi.getTimerCount()).toBe(timers);
  });

  it('is sent immediately on the next connection, before later ones', async () => {
    const published = [1, 2].map((n) => channel.publish(n));
    await turn();
    refuse(0, 5000);
    refuse(1, 5000);
    gateway.socket.drop();
    await pass(250);
    gateway.socket.open();
    expect(sent()).toEqual([1, 2]);
    await gateway.socket.accept();
    answer(0);
    answer(1);
    await expect(Promise.all(published)).resolves.toHaveLength(2);
    await pass(10_000);
    expect(sent()).toEqual([1, 2]);
  });

  it('ends when the client closes', async () => {
    const published = [1, 2].map((n) => channel.publish(n));
    await turn();
    refuse(0, 5000);
    client.close();
    for (const one of await Promise.allSettled(published)) {
      expect(one).toMatchObject({ status: 'rejected', reason: { name: 'closed' } });
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it('limits the bytes in flight to 250 KB, and sends nothing after a larger one', async () => {
    gateway.socket.drop();
    await pass(1000);
    await gateway.socket.accept({ maxFrame: 1_000_000 });
    const sizes = [60, 60, 60, 60, 60, 60, 400, 10, 10].map((kilo) => kilo * 1000);
    for (const size of sizes) channel.publish('x'.repeat(size)).catch(() => {});
    const flying = () => gateway.socket.sent('publish').length - answered;
    let answered = 0;
    const most: number[] = [];
    while (answered < sizes.length) {
      await turn();
      const sent = gateway.socket.sent('publish');
      most.push(flying());
      const { id } = sent[answered] ?? { id: 0 };
      answered++;
      gateway.socket.push({ type: 'reply', id, result });
    }
    // The fifth publish exceeds 250 KB. All publishes after the large one wait.
    expect(most).toEqual([5, 5, 5, 4, 3, 2, 1, 2, 1]);
  });

  it('limits the publishes in flight to 100', async () => {
    const published = Array.from({ length: 250 }, (_, n) => channel.publish(n));
    await turn();
    expect(sent()).toHaveLength(100);
    for (let n = 0; n < 250; n++) {
      answer(n);
      await turn();
    }
    await expect(Promise.all(published)).resolves.toHaveLength(250);
    expect(sent()).toEqual(Array.from({ length: 250 }, (_, n) => n));
  });

  it('is not retried after other errors', async () => {
    const read = channel.history();
    await turn();
    gateway.socket.refuse('history', 'rate_limited', { code: 4311, retryable: true, retryAfter: 5 });
    await expect(read).rejects.toMatchObject({ name: 'rate_limited', retryAfter: 5 });
  });
});

describe('history', () => {
  it('reads a page of complete messages', async () => {
    const read = channel.history({ limit: 2, before: 9 });
    await turn();
    expect(gateway.socket.last('history')).toMatchObject({ channel: 'a', limit: 2, before: 9 });
    gateway.socket.reply('history', { epoch: 'e1', head: 9, first: 3, messages: [wireMessage(7), wireMessage(8)] });
    const page = await read;
    expect(page).toMatchObject({ epoch: 'e1', head: 9, first: 3 });
    expect(page.messages[1]).toEqual({ ...wireMessage(8), channel: 'a', epoch: 'e1' });
  });

  it('is requested again on the next connection', async () => {
    const read = channel.history();
    await turn();
    gateway.socket.drop();
    await pass(250);
    await gateway.socket.accept();
    gateway.socket.reply('history', { epoch: 'e1', head: 0, first: 1, messages: [] });
    await expect(read).resolves.toMatchObject({ head: 0 });
  });
});

describe('an error without an id', () => {
  it('is reported by the client', async () => {
    const errors: SluiceError[] = [];
    client.on('error', (error) => errors.push(error));
    const error = { code: 4300, name: 'frame_malformed', message: 'not JSON', retryable: false };
    gateway.socket.push({ type: 'error', error });
    expect(errors).toEqual([expect.objectContaining({ name: 'frame_malformed', message: 'not JSON' })]);
  });
});

describe.each([undefined, msgpack])('rejects data that JSON cannot represent, $subprotocol', (codec) => {
  const circle: unknown[] = [];
  circle.push(circle);
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  const BAD: readonly (readonly [string, unknown])[] = [
    ['NaN', { price: Number.NaN }],
    ['Infinity', [Number.POSITIVE_INFINITY]],
    ['a bigint', 1n],
    ['a function', { a: () => {} }],
    ['a Map', new Map()],
    ['a promise', Promise.resolve(1)],
    ['bytes', new Uint8Array(3)],
    ['a circular structure', circle],
    ['nesting that is too deep', deep],
  ];

  it.each(BAD)('%s', async (_, data) => {
    await connect(codec);
    const refused = { name: 'payload_invalid', code: 4310, retryable: false };
    await expect(channel.publish(data as never)).rejects.toMatchObject(refused);
    await expect(channel.presence.enter(data as never)).rejects.toMatchObject(refused);
    await turn();
    expect([...gateway.socket.sent('publish'), ...gateway.socket.sent('enter')]).toEqual([]);
    expect(client.state).toBe('connected');
  });

  it('delivers other data unchanged', async () => {
    await connect(codec);
    void channel.publish({ at: new URL('a:b'), gone: undefined, list: [undefined] } as never).catch(() => {});
    await turn();
    expect(gateway.socket.last('publish').data).toEqual({ at: 'a:b', list: [null] });
  });
});
