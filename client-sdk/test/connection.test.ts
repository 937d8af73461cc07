import { msgpack } from '@sluice/protocol/msgpack';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client, ClientOptions } from '../src/api.ts';
import type { StateChange } from '../src/client-state.ts';
import type { SluiceError } from '../src/errors.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  gateway = new FakeGateway();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function watch(client: Client): { states: StateChange[]; errors: SluiceError[]; names: () => string } {
  const states: StateChange[] = [];
  const errors: SluiceError[] = [];
  client.on('state', (change) => states.push(change));
  client.on('error', (error) => errors.push(error));
  return { states, errors, names: () => states.map(({ state }) => state).join(' ') };
}

async function connected(options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = gateway.client(options);
  void client.connect();
  await turn();
  await gateway.socket.accept();
  return client;
}

describe('connecting', () => {
  it('does not connect until it is used', async () => {
    const client = gateway.client();
    client.channel('a');
    await turn();
    expect(client.state).toBe('idle');
    expect(gateway.sockets).toHaveLength(0);
  });

  it('connects automatically on first use, unless disabled', async () => {
    gateway
      .client()
      .channel('a')
      .subscribe(() => {});
    gateway
      .client({ autoConnect: false })
      .channel('a')
      .subscribe(() => {});
    await turn();
    expect(gateway.sockets).toHaveLength(1);
  });

  it('fetches the token before it opens the WebSocket', async () => {
    let give: (token: string) => void = () => {};
    const client = gateway.client({ token: () => new Promise((resolve) => (give = resolve)) });
    void client.connect();
    await turn();
    expect([client.state, gateway.sockets.length]).toEqual(['connecting', 0]);
    give('jwt');
    await turn();
    gateway.socket.open();
    expect(gateway.socket.last('connect')).toEqual({
      type: 'connect',
      id: 1,
      token: 'jwt',
      client: expect.stringMatching(/^sluice-js\//),
    });
  });

  it('resolves connect() and sets the user when the gateway accepts', async () => {
    const client = gateway.client();
    const done = client.connect();
    await turn();
    expect(client.user).toBeUndefined();
    await gateway.socket.accept({ user: null });
    await done;
    expect([client.state, client.user]).toEqual(['connected', null]);
    await client.connect();
  });

  it('offers the subprotocol of its codec and reads binary frames', async () => {
    gateway = new FakeGateway(msgpack);
    const client = await connected();
    expect(gateway.requests[0]?.protocols).toEqual(['sluice.v1.msgpack']);
    expect(gateway.socket.binaryType).toBe('arraybuffer');
    expect(client.state).toBe('connected');
  });

  it('closes with a reason if no WebSocket can be opened', async () => {
    vi.stubGlobal('WebSocket', undefined);
    const { WebSocket: _, ...rest } = { WebSocket: undefined };
    const { createClient } = await import('../src/client.ts');
    const client = createClient({ url: 'ws://gateway.test', ...rest });
    await expect(client.connect()).rejects.toMatchObject({ name: 'closed', message: /cannot be opened/ });
    expect(client.state).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('treats a connect without an answer as a lost connection', async () => {
    const client = gateway.client({ timeout: 1000 });
    const { states } = watch(client);
    void client.connect();
    await turn();
    gateway.socket.open();
    await pass(1000);
    expect(gateway.socket.closedWith).toBe(1000);
    expect(states.at(-1)).toMatchObject({ state: 'waiting', error: { name: 'timed_out' }, retryIn: 250 });
  });
});

describe('the first frame', () => {
  it('contains connect, the subscribes and the unanswered publishes, in this order', async () => {
    const client = gateway.client();
    const channel = client.channel('a');
    const published = channel.publish(1);
    channel.subscribe(() => {}, { rewind: 5 });
    client.channel('b').subscribe(() => {});
    await turn();
    gateway.socket.open();
    const types = () => gateway.socket.frames.map((frame) => frame.map(({ type }) => type));
    expect(types()).toEqual([['connect', 'subscribe', 'subscribe', 'publish']]);
    const { key } = gateway.socket.last('publish');
    await gateway.socket.accept();
    gateway.socket.drop();
    await pass(500);
    gateway.socket.open();
    expect(types()).toEqual([['connect', 'subscribe', 'subscribe', 'publish']]);
    expect(gateway.socket.last('publish').key).toBe(key);
    gateway.socket.reply('publish', { id: 'm', epoch: 'e', offset: 1 });
    await expect(published).resolves.toEqual({ id: 'm', epoch: 'e', offset: 1 });
  });

  it('is split if it would be too large, and the rest waits until the token is verified', async () => {
    const client = gateway.client();
    const published = Array.from({ length: 5 }, (_, n) => client.channel('a').publish(`${n}`.padEnd(40_000, 'x')));
    for (const promise of published) promise.catch(() => {});
    await turn();
    gateway.socket.open();
    expect(gateway.socket.frames).toHaveLength(1);
    expect(gateway.socket.frames[0]?.[0]?.type).toBe('connect');
    await gateway.socket.accept();
    for (const frame of gateway.socket.frames) expect(JSON.stringify(frame).length).toBeLessThan(100_000);
    expect(
      gateway.socket
        .sent('publish')
        .map(({ data }) => String(data)[0])
        .join(''),
    ).toBe('01234');
  });

  it('is split again on the next connection: only one frame is sent until the token is verified', async () => {
    const client = await connected();
    const published = Array.from({ length: 4 }, (_, n) =>
      client.channel('a').publish(`${n}`.padEnd(40_000, 'x'), { timeout: Number.POSITIVE_INFINITY }),
    );
    for (const promise of published) promise.catch(() => {});
    await turn();
    for (let n = 0; n < 2; n++) {
      gateway.socket.drop();
      await pass(10_000);
      gateway.socket.open();
      await turn();
      expect(gateway.socket.frames.map((frame) => frame.map(({ type }) => type))).toEqual([['connect']]);
      await gateway.socket.accept();
      expect(gateway.socket.sent('publish')).toHaveLength(4);
    }
  });

  it('contains all commands of one turn', async () => {
    const client = await connected();
    void client.channel('a').publish(1);
    void client.channel('b').publish(2);
    void client.channel('a').history();
    await turn();
    expect(gateway.socket.frames.at(-1)?.map(({ type }) => type)).toEqual(['publish', 'publish', 'history']);
  });
});

describe('after a close', () => {
  it('backs off if the user has too many connections', async () => {
    const client = gateway.client();
    const { states } = watch(client);
    void client.connect();
    for (const wait of [250, 500, 1000]) {
      await turn();
      gateway.socket.open();
      gateway.socket.refuse('connect', 'too_many_connections', { code: 4008, retryable: true });
      gateway.socket.drop(4008, 'too_many_connections');
      expect(states.at(-1)).toMatchObject({ state: 'waiting', retryIn: wait, error: { name: 'too_many_connections' } });
      await pass(wait);
    }
  });

  const cases: [string, number, string, string][] = [
    ['too many connections', 4008, 'waiting', 'too_many_connections'],
    ['an abnormal close', 1006, 'waiting', 'connection_lost'],
    ['going away', 1001, 'waiting', 'connection_lost'],
    ['a clean close', 1000, 'waiting', 'connection_lost'],
    ['a temporary failure', 4001, 'waiting', 'unavailable'],
    ['an expired token', 4100, 'waiting', 'token_expired'],
    ['a final refusal', 4209, 'closed', 'protocol_violation'],
  ];
  it.each(cases)('%s (%i) leads to %s', async (_what, code, state, name) => {
    const client = await connected({ token: () => 'jwt' });
    const { states } = watch(client);
    gateway.socket.drop(code, code >= 4000 ? name : '');
    expect(states).toHaveLength(1);
    expect(states[0]).toMatchObject({ state, error: { name } });
  });

  it('backs off longer with each failure, and starts over after a connection has lasted', async () => {
    const client = await connected();
    const { states } = watch(client);
    for (const wait of [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
      gateway.socket.drop();
      expect(states.at(-1)).toMatchObject({ state: 'waiting', retryIn: wait });
      await pass(wait);
    }
    await gateway.socket.accept();
    gateway.socket.drop();
    expect(states.at(-1)?.retryIn).toBe(10_000);
    await pass(10_000);
    await gateway.socket.accept();
    await pass(5000);
    gateway.socket.drop();
    expect(states.at(-1)?.retryIn).toBe(250);
  });

  it('retries with fresh tokens and pauses if a token that worked before is refused', async () => {
    const token = vi.fn(() => `jwt ${token.mock.calls.length}`);
    const client = await connected({ token });
    gateway.socket.drop();
    for (const attempt of ['cached', 'fresh']) {
      await pass(1000);
      await gateway.socket.open();
      expect([attempt, gateway.socket.last('connect').token]).toEqual([
        attempt,
        attempt === 'cached' ? 'jwt 1' : 'jwt 2',
      ]);
      gateway.socket.refuse('connect', 'token_signature', { code: 4204 });
    }
    expect([client.state, token.mock.calls.length]).toEqual(['waiting', 2]);
    await pass(20_000);
    await gateway.socket.accept();
    expect(client.state).toBe('connected');
  });

  it('fetches another token only if the gateway refused the last one', async () => {
    const token = vi.fn(({ reason }: { reason: string }) => `jwt ${reason} ${token.mock.calls.length}`);
    await connected({ token });
    gateway.socket.drop();
    await pass(250);
    gateway.socket.open();
    expect(gateway.socket.last('connect').token).toBe('jwt connect 1');
    gateway.socket.drop(4100, 'token_expired');
    await pass(500);
    gateway.socket.open();
    expect(gateway.socket.last('connect').token).toBe('jwt expired 2');
    expect(token).toHaveBeenCalledTimes(2);
  });

  it("fetches another token if the last one has expired by the gateway's clock", async () => {
    const token = vi.fn(async ({ reason }) => `jwt ${reason}`);
    const client = gateway.client({ token });
    void client.connect();
    await turn();
    await gateway.socket.accept({ time: 1000, expiresAt: 61_000, heartbeat: 600_000 });
    await pass(61_000);
    gateway.socket.drop();
    await pass(250);
    expect(token.mock.calls).toEqual([[{ reason: 'connect' }], [{ reason: 'refresh' }], [{ reason: 'expired' }]]);
  });

  it('closes if the token cannot be renewed', async () => {
    const client = await connected({ token: 'jwt' });
    gateway.socket.drop(4100, 'token_expired');
    expect(client.state).toBe('closed');
  });

  it('reports why connect was refused, and rejects all pending calls', async () => {
    const client = gateway.client({ token: 'jwt' });
    const { states } = watch(client);
    const done = client.connect();
    const published = client.channel('a').publish(1);
    const subscription = client.channel('a').subscribe(() => {});
    await turn();
    gateway.socket.open();
    const rejections = Promise.allSettled([done, published, subscription.ready]);
    gateway.socket.refuse('connect', 'token_signature', { code: 4204 });
    gateway.socket.drop(4204, 'token_signature');
    for (const result of await rejections) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 4204, message: 'refused: token_signature' } });
    }
    expect(states.map(({ state }) => state)).toEqual(['connecting', 'closed']);
    expect(subscription.state).toBe('ended');
    await expect(client.channel('a').publish(2)).rejects.toMatchObject({ code: 4204 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not retry a token that the gateway cannot parse', async () => {
    const client = gateway.client();
    void client.connect().catch(() => {});
    await turn();
    gateway.socket.open();
    gateway.socket.refuse('connect', 'command_invalid', { code: 4302 });
    expect(client.state).toBe('closed');
  });

  it('reconnects when connect() is called after it has closed', async () => {
    const token = vi.fn(() => 'jwt');
    const client = await connected({ token });
    client.close();
    const done = client.connect();
    await turn();
    await gateway.socket.accept();
    await done;
    expect([client.state, token.mock.calls.length]).toEqual(['connected', 2]);
    await expect(Promise.race([client.channel('a').publish(1), Promise.resolve('accepted')])).resolves.toBe('accepted');
  });

  it('waits as long as a drain requests, which does not count as a failure', async () => {
    const client = await connected();
    const { states } = watch(client);
    gateway.socket.push({ type: 'drain', reconnectAfter: 7000 });
    gateway.socket.drop(4000, 'draining');
    expect(states.at(-1)).toMatchObject({ state: 'waiting', retryIn: 7000, error: { name: 'draining' } });
    await pass(7000);
    gateway.socket.drop();
    expect(states.at(-1)?.retryIn).toBe(250);
  });

  it('ignores events of an old socket', async () => {
    const client = await connected();
    const [old] = gateway.sockets;
    gateway.socket.drop();
    await pass(250);
    await gateway.socket.accept();
    old?.drop(4209, 'protocol_violation');
    old?.push({ type: 'drain', reconnectAfter: 1 });
    expect(client.state).toBe('connected');
  });

  it('reports an invalid frame without quoting it, and reconnects with extra backoff', async () => {
    const client = await connected();
    const { states, errors } = watch(client);
    gateway.socket.onmessage?.({ data: '{secret' });
    expect(states).toEqual([{ state: 'waiting', error: errors[0], retryIn: 2000 }]);
    expect(errors[0]?.message).toMatch(/cannot be read/);
    expect(JSON.stringify([errors[0]?.message, errors[0]?.cause])).not.toContain('secret');
    expect(gateway.socket.closedWith).toBe(1000);
  });
});

describe('the token callback', () => {
  it("backs off when it fails, reports the failure, and keeps the application's text out of the message", async () => {
    const token = vi.fn(() => Promise.reject(new Error('secret detail')));
    const client = gateway.client({ token });
    const { states, errors } = watch(client);
    void client.connect();
    await pass(249);
    expect(token).toHaveBeenCalledTimes(1);
    expect(states.at(-1)).toMatchObject({ state: 'waiting', retryIn: 250, error: { name: 'token_failed' } });
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).not.toContain('secret');
    await pass(1);
    expect(token).toHaveBeenCalledTimes(2);
    expect(states.at(-1)).toMatchObject({ state: 'waiting', retryIn: 500 });
    expect(gateway.sockets).toHaveLength(0);
  });

  it.each([undefined, '', 42])('fails if it returns %o', async (nothing) => {
    const client = gateway.client({ token: () => nothing as string });
    const { errors } = watch(client);
    void client.connect();
    await turn();
    expect(errors[0]).toMatchObject({ name: 'token_failed' });
  });

  it('times out if it hangs', async () => {
    const token = vi.fn(() => new Promise<string>(() => {}));
    const client = gateway.client({ token, timeout: 1000 });
    const { names } = watch(client);
    void client.connect();
    await pass(1250);
    expect(names()).toBe('connecting waiting connecting');
    expect(token).toHaveBeenCalledTimes(2);
  });

  it('is called for a refresh, one call at a time', async () => {
    let give: (token: string) => void = () => {};
    const token = vi.fn(({ reason }: { reason: string }) =>
      reason === 'connect' ? 'first' : new Promise<string>((resolve) => (give = resolve)),
    );
    const client = await connected({ token });
    gateway.socket.push({ type: 'refresh', expiresAt: Date.now() + 30_000 });
    gateway.socket.push({ type: 'refresh', expiresAt: Date.now() + 30_000 });
    await turn();
    expect(token.mock.calls).toEqual([[{ reason: 'connect' }], [{ reason: 'refresh' }]]);
    give('second');
    await turn();
    expect(gateway.socket.last('refresh').token).toBe('second');
    gateway.socket.reply('refresh', { time: Date.now(), expiresAt: Date.now() + 60_000 });
    gateway.socket.drop();
    await pass(250);
    gateway.socket.open();
    expect(gateway.socket.last('connect').token).toBe('second');
    expect(client.state).toBe('connecting');
  });

  it('is called again after a failed refresh while the connection stays open', async () => {
    let asked = 0;
    const token = vi.fn<(request: { reason: string }) => string>(() => `jwt ${++asked}`);
    const client = await connected({ token });
    const { errors } = watch(client);
    token.mockImplementationOnce(() => {
      throw new Error('no network');
    });
    gateway.socket.push({ type: 'refresh', expiresAt: Date.now() + 30_000 });
    await turn();
    expect(errors.map(({ name }) => name)).toEqual(['token_failed']);
    expect(gateway.socket.sent('refresh')).toHaveLength(0);
    await pass(3000);
    expect(gateway.socket.sent('refresh')).toHaveLength(1);
    gateway.socket.refuse('refresh', 'user_changed', { code: 4206 });
    await pass(20_000);
    expect(errors.map(({ name }) => name)).toEqual(['token_failed', 'user_changed']);
    expect([client.state, gateway.socket.sent('refresh').length]).toEqual(['connected', 1]);
  });

  it('is not involved in a refresh if the token is a string', async () => {
    await connected({ token: 'jwt' });
    gateway.socket.push({ type: 'refresh', expiresAt: Date.now() });
    await turn();
    expect(gateway.socket.sent('refresh')).toHaveLength(0);
  });
});

describe('heartbeat', () => {
  it('pings after silence, and treats a missing answer as a lost connection', async () => {
    const client = await connected();
    await pass(24_999);
    expect(gateway.socket.sent('ping')).toHaveLength(0);
    await pass(1);
    expect(gateway.socket.sent('ping')).toHaveLength(1);
    await pass(9999);
    expect(client.state).toBe('connected');
    await pass(2);
    expect([client.state, gateway.socket.closedWith]).toEqual(['waiting', 1000]);
  });

  it('accepts any message as a sign of life', async () => {
    const client = await connected();
    for (let n = 0; n < 10; n++) {
      await pass(20_000);
      gateway.socket.push({ type: 'live', channel: 'nobody' });
    }
    expect([client.state, gateway.socket.sent('ping').length]).toEqual(['connected', 0]);
    await pass(25_000);
    gateway.socket.reply('ping', { time: Date.now() });
    await pass(20_000);
    expect([client.state, gateway.socket.sent('ping').length]).toEqual(['connected', 1]);
  });
});

describe('a machine that slept', () => {
  /** Time passes, but no timer fires. */
  function sleep(ms: number): void {
    vi.setSystemTime(Date.now() + ms);
  }

  it('pings as soon as it wakes, and reconnects within a second if there is no answer', async () => {
    const client = await connected();
    await pass(1000);
    sleep(3_600_000);
    const [old] = gateway.sockets;
    await pass(1000);
    expect(old?.sent('ping')).toHaveLength(1);
    await pass(699);
    expect(client.state).toBe('connected');
    await pass(10);
    expect([old?.closedWith, client.state, gateway.sockets.length]).toEqual([1000, 'connecting', 2]);
    await gateway.socket.accept();
    expect(client.state).toBe('connected');
  });

  it('keeps a connection that answers', async () => {
    const client = await connected();
    sleep(60_000);
    await pass(1000);
    gateway.socket.reply('ping', { time: Date.now() });
    await pass(20_000);
    expect([client.state, gateway.sockets.length]).toEqual(['connected', 1]);
  });

  it('does not mistake a busy page for sleep', async () => {
    await connected();
    sleep(1500);
    await pass(1000);
    expect(gateway.socket.sent('ping')).toHaveLength(0);
  });

  it('reconnects immediately when it wakes', async () => {
    const client = await connected();
    for (const wait of [250, 500, 1000, 2000, 4000, 8000]) {
      gateway.socket.drop();
      await pass(wait);
    }
    gateway.socket.drop();
    expect(client.state).toBe('waiting');
    const before = gateway.sockets.length;
    sleep(5000);
    await pass(1000);
    expect([client.state, gateway.sockets.length]).toEqual(['connecting', before + 1]);
  });

  it('aborts an attempt that is older than its sleep', async () => {
    const client = gateway.client();
    void client.connect().catch(() => {});
    await turn();
    gateway.socket.open();
    sleep(8000);
    await pass(1010);
    expect([gateway.sockets[0]?.closedWith, client.state, gateway.sockets.length]).toEqual([1000, 'connecting', 2]);
    await gateway.socket.accept();
    expect(client.state).toBe('connected');
  });

  it('reads the data that arrived while it was busy before it decides', async () => {
    const client = await connected();
    sleep(60_000);
    await pass(1000);
    // The deadline and the answer are due at the same time: the timer runs first.
    setTimeout(() => gateway.socket.reply('ping', { time: Date.now() }), 700);
    await pass(5000);
    expect([client.state, gateway.sockets.length]).toEqual(['connected', 1]);
  });
});

describe('the page', () => {
  let page: EventTarget & { hidden: boolean };

  beforeEach(() => {
    page = Object.assign(new EventTarget(), { hidden: false });
    vi.stubGlobal('document', page);
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  });

  it.each(['online', 'pageshow', 'resume', 'visibilitychange'])('reconnects immediately on %s', async (type) => {
    const client = await connected();
    gateway.socket.drop();
    page.dispatchEvent(new Event('offline'));
    expect(client.state).toBe('waiting');
    page.dispatchEvent(new Event(type));
    await turn();
    expect([client.state, gateway.sockets.length]).toEqual(['connecting', 2]);
  });

  it.each(['online', 'pageshow', 'resume', 'visibilitychange'])(
    'requires a sign of life within a second on %s',
    async (type) => {
      const client = await connected();
      page.dispatchEvent(new Event(type));
      await turn();
      expect(gateway.socket.sent('ping')).toHaveLength(1);
      await pass(710);
      expect([client.state, gateway.sockets.length]).toEqual(['connecting', 2]);
    },
  );

  it('pings on offline with the normal timeout, and keeps a socket that answers', async () => {
    const client = await connected();
    page.dispatchEvent(new Event('offline'));
    await pass(2900);
    expect([client.state, gateway.socket.sent('ping').length]).toEqual(['connected', 1]);
    gateway.socket.reply('ping', { time: Date.now() });
    await pass(10_000);
    expect(client.state).toBe('connected');
    page.dispatchEvent(new Event('offline'));
    await pass(3001);
    expect(client.state).toBe('waiting');
  });

  it('uses a short timeout when the network is back', async () => {
    const client = await connected();
    page.dispatchEvent(new Event('offline'));
    await pass(100);
    page.dispatchEvent(new Event('online'));
    await pass(710);
    expect([client.state, gateway.sockets.length]).toEqual(['connecting', 2]);
  });

  it('keeps a live connection after the back/forward cache or a freeze', async () => {
    const client = await connected();
    for (const type of ['pageshow', 'resume']) {
      page.dispatchEvent(new Event(type));
      await pass(500);
      gateway.socket.reply('ping', { time: Date.now() });
    }
    await pass(2000);
    expect([client.state, gateway.sockets.length]).toEqual(['connected', 1]);
  });

  it('does nothing when the page is hidden', async () => {
    await connected();
    page.hidden = true;
    page.dispatchEvent(new Event('visibilitychange'));
    await turn();
    expect(gateway.socket.sent('ping')).toHaveLength(0);
  });

  it('does not abort an attempt that has just begun', async () => {
    const client = gateway.client();
    void client.connect().catch(() => {});
    await pass(2000);
    page.dispatchEvent(new Event('visibilitychange'));
    await turn();
    expect([client.state, gateway.sockets.length, gateway.socket.closedWith]).toEqual(['connecting', 1, undefined]);
  });

  it('has no page listeners before the first connection and after the last', async () => {
    const add = vi.spyOn(page, 'addEventListener');
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    const client = gateway.client();
    expect(add).not.toHaveBeenCalled();
    void client.connect();
    await turn();
    await gateway.socket.accept();
    client.close();
    page.dispatchEvent(new Event('online'));
    await pass(60_000);
    expect(gateway.sockets).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('close()', () => {
  it('closes cleanly and leaves no timer running', async () => {
    const client = await connected();
    const { states } = watch(client);
    const published = client.channel('a').publish(1);
    const subscription = client.channel('a').subscribe(() => {});
    client.close();
    client.close();
    await expect(published).rejects.toMatchObject({ name: 'closed' });
    await expect(subscription.ready).rejects.toMatchObject({ name: 'closed' });
    expect(states).toEqual([{ state: 'closed' }]);
    expect(gateway.socket.closedWith).toBe(1000);
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['connecting', 'waiting'] as const)('stops a client that is %s', async (state) => {
    const client = await connected();
    gateway.socket.drop();
    if (state === 'connecting') await pass(250);
    expect(client.state).toBe(state);
    client.close();
    await pass(60_000);
    expect([client.state, vi.getTimerCount()]).toEqual(['closed', 0]);
  });

  it('can be called from a state handler', async () => {
    const client = await connected();
    const { names } = watch(client);
    client.on('state', ({ state }) => state === 'waiting' && client.close());
    gateway.socket.drop();
    await pass(60_000);
    expect(names()).toBe('waiting closed');
  });
});
