import { ERRORS } from '@sluice/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client, ClientOptions } from '../src/api.ts';
import type { SubscribeOptions } from '../src/channel-api.ts';
import { toConsole } from '../src/console.ts';
import { loadDiagnostics } from '../src/load-diagnostics.ts';
import { createTestClient } from '../src/testing/testing.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  for (const level of ['error', 'warn', 'info'] as const) vi.spyOn(console, level).mockImplementation(() => {});
  gateway = new FakeGateway();
});

afterEach(restoreGlobals);

/** The console output after all lazy parts have loaded. */
async function consoleOutput(level: 'error' | 'warn' | 'info' = 'error'): Promise<string[]> {
  for (let n = 0; n < 3; n++) {
    await loadDiagnostics();
    await turn();
  }
  return vi.mocked(console[level]).mock.calls.map(([text]) => String(text));
}

async function connected(options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = gateway.client(options);
  void client.connect().catch(() => {});
  await turn();
  await gateway.socket.accept();
  return client;
}

const refusal = (name: keyof typeof ERRORS, message: string) => ({ ...ERRORS[name], name, message });

/** A client that uses a channel without permission. */
const REFUSED: Readonly<Record<string, (client: Client, options: SubscribeOptions) => void>> = {
  subscribe: (client, options) => void client.channel('news:x').subscribe(() => {}, options),
  watch: (client, { onError }) =>
    void client.channel('news:x').presence.subscribe({ change: () => {}, ...(onError && { error: onError }) }),
};

describe('without a handler, the console reports', () => {
  it.each(['subscribe', 'watch'] as const)('a refused %s', async (type) => {
    const client = await connected();
    REFUSED[type]?.(client, {});
    await turn();
    gateway.socket.push({
      type: 'error',
      id: gateway.socket.last(type).id,
      error: refusal('channel_unknown', 'no channel rule matches "news:x"'),
    });
    expect(await consoleOutput()).toEqual([
      '[sluice] no channel rule matches "news:x". Add a rule to "channels" in the gateway\'s configuration, or correct the name. (channel_unknown, docs/errors.md#channel_unknown)',
    ]);
  });

  it('a membership that the gateway ends', async () => {
    const client = await connected();
    void client.channel('a').presence.enter();
    await turn();
    gateway.socket.reply('enter', {});
    gateway.socket.push({ type: 'left', channel: 'a', reason: 'permission' });
    expect(await consoleOutput()).toEqual([expect.stringContaining('permission_denied')]);
  });

  it('a subscription that the gateway ends', async () => {
    const client = await connected();
    client.channel('a').subscribe(() => {});
    await turn();
    gateway.socket.subscribed();
    gateway.socket.push({ type: 'unsubscribed', channel: 'a', reason: 'permission' });
    expect(await consoleOutput()).toEqual([expect.stringContaining('(unsubscribed, docs/errors.md#unsubscribed)')]);
  });

  it.each([
    [4200, 'token_required: A token is required.', 'Give a token to connect'],
    [4210, 'origin_refused: origin "https://evil.example" is not in "origins".', 'Add the origin to "origins"'],
  ])('a final close: %i', async (code, reason, remedy) => {
    const client = gateway.client();
    client.channel('a');
    client.on('state', () => {}, { passive: true });
    const connecting = client.connect();
    connecting.catch(() => {});
    await turn();
    gateway.socket.open();
    gateway.socket.drop(code, reason);
    expect(client.state).toBe('closed');
    // The rejected promise reports to its caller.
    expect(await consoleOutput()).toEqual([]);
    client.channel('a').subscribe(() => {});
    const other = gateway.client();
    other.channel('b').subscribe(() => {});
    await turn();
    gateway.socket.open();
    gateway.socket.drop(code, reason);
    const words = await consoleOutput();
    expect(words.filter((text) => text.includes(reason.split(':')[0] ?? ''))).toHaveLength(2);
    for (const text of words) expect(text).toContain(remedy);
  });

  it('a URL that never worked, once, with the URL and what to check', async () => {
    gateway
      .client({ url: 'ws://localhost:1/ws?secret=1' })
      .channel('a')
      .subscribe(() => {});
    await turn();
    for (let n = 0; n < 20; n++) {
      gateway.socket.drop(1006);
      await pass(11_000);
    }
    expect(await consoleOutput()).toEqual([
      expect.stringMatching(
        /^\[sluice\] Not connected to ws:\/\/localhost:1\/ws: Closed: 1006\. Check that a gateway runs .*\(connection_lost, docs\/errors\.md#connection_lost\)$/,
      ),
    ]);
  });

  it('nothing about the loss of a connection that worked before', async () => {
    await connected();
    for (let n = 0; n < 5; n++) {
      gateway.socket.drop(1006);
      await pass(20_000);
    }
    expect(await consoleOutput()).toEqual([]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['throws', () => Promise.reject(new Error('no network')), /The token callback failed\. .*response\.ok/],
    ['returns a page', () => '<!doctype html><title>Sign in</title>', /gave HTML\./],
    ['gives nothing', () => undefined, /gave undefined\./],
    ['gives null', () => null, /gave object\./],
    ['returns an empty text', () => ' ', /gave string\./],
    ['returns an object', () => ({ jwt: 'x' }), /gave object\./],
    ['returns too much text', () => 'x'.repeat(20_000), /gave string\./],
  ])('a token function that %s, once', async (_, token, words) => {
    gateway
      .client({ token: token as () => string })
      .channel('a')
      .subscribe(() => {});
    for (let n = 0; n < 10; n++) await pass(20_000);
    expect(await consoleOutput()).toEqual([expect.stringMatching(words)]);
    expect((await consoleOutput())[0]).toContain('(token_failed, docs/errors.md#token_failed)');
    expect(gateway.sockets).toEqual([]);
  });

  it('the error of a token function once, even if its text differs each time, without tokens and with at most 200 characters', async () => {
    const token = vi.fn(() => {
      throw new Error(
        `no token: HTTP 404, call ${token.mock.calls.length} eyJhbGciOiJI.eyJzdWIi.c2ln ${'x'.repeat(1000)}`,
      );
    });
    gateway
      .client({ token })
      .channel('a')
      .subscribe(() => {});
    for (let n = 0; n < 10; n++) await pass(20_000);
    expect(token.mock.calls.length).toBeGreaterThan(1);
    const [words = '', ...more] = await consoleOutput();
    expect(more).toEqual([]);
    expect(words).toContain('The token callback failed. Cause: no token: HTTP 404, call 1 (token) xxx');
    expect(words).not.toContain('eyJ');
    expect(words.match(/Cause: .*x\./)?.[0].length).toBeLessThan(220);
  });

  it('the code and name if the explanation cannot be loaded', async () => {
    toConsole({}, { lost: 1 } as never);
    await consoleOutput();
    expect(vi.mocked(console.error).mock.calls).toEqual([['[sluice]', '{"lost":1}']]);
  });

  it('a refused token, even though the client retries', async () => {
    const token = vi.fn(() => `jwt ${token.mock.calls.length}`);
    gateway
      .client({ token })
      .channel('a')
      .subscribe(() => {});
    for (let n = 0; n < 10; n++) {
      await turn();
      gateway.socket.open();
      gateway.socket.push({
        type: 'error',
        id: gateway.socket.last('connect').id,
        error: refusal('token_signature', 'The signature does not match any key.'),
      });
      await pass(11_000);
    }
    expect(await consoleOutput()).toEqual([
      expect.stringContaining('Sign with the key that the gateway is configured with.'),
    ]);
  });

  it.each(['subscribe', 'messages'] as const)('a gap in %s', async (way) => {
    const client = await connected();
    if (way === 'subscribe') client.channel('a').subscribe(() => {});
    else void client.channel('a').messages().next();
    await turn();
    gateway.socket.subscribed();
    const from = { epoch: 'e1', offset: 0 };
    gateway.socket.push({ type: 'gap', channel: 'a', from, to: { epoch: 'e1', offset: 3 }, reason: 'no_history' });
    gateway.socket.messages('a', [4]);
    const words = await consoleOutput('warn');
    expect(words).toEqual([
      expect.stringMatching(
        /^\[sluice\] Gap in "a": 1 to 3 of epoch e1, 3 lost \(no_history\)\. .*docs\/errors\.md#gaps/,
      ),
    ]);
    expect(await consoleOutput()).toEqual([]);
  });

  it('gaps of a channel individually, up to a limit', async () => {
    const client = await connected();
    client.channel('a').subscribe(() => {});
    await turn();
    gateway.socket.subscribed();
    for (let n = 1; n <= 500; n++) {
      const [from, to] = [n - 1, n].map((offset) => ({ epoch: 'e1', offset }));
      if (from && to) gateway.socket.push({ type: 'gap', channel: 'a', from, to, reason: 'no_history' });
    }
    const words = await consoleOutput('warn');
    expect(words).toHaveLength(21);
    expect(words.at(-1)).toContain('More gaps in "a" are not shown');
  });
});

describe('once per cause', () => {
  it('applies per client: another client reports the cause again', async () => {
    for (let n = 0; n < 2; n++) {
      const client = await connected();
      for (let m = 0; m < 5; m++) {
        client.channel('a').subscribe(() => {});
        await turn();
        gateway.socket.refuse('subscribe', 'permission_denied');
      }
    }
    expect(await consoleOutput()).toHaveLength(2);
  });

  it('remembers at most a hundred causes', async () => {
    const { explain } = await loadDiagnostics();
    const client = {};
    const { SluiceError } = await import('../src/errors.ts');
    const fail = (n: number) =>
      explain(
        client,
        new SluiceError({ code: 4306, name: 'permission_denied', message: `on "c${n}"`, retryable: false }),
      );
    for (let n = 0; n < 101; n++) fail(n);
    fail(100);
    expect(console.error).toHaveBeenCalledTimes(101);
    fail(0);
    expect(console.error).toHaveBeenCalledTimes(102);
  });
});

describe('with a handler, the console does not report', () => {
  it.each(['subscribe', 'watch'] as const)('a refused %s, handled by the listener or by the client', async (type) => {
    for (const own of [true, false]) {
      const client = await connected();
      const handler = vi.fn();
      if (!own) client.on('error', handler);
      REFUSED[type]?.(client, own ? { onError: handler } : {});
      await turn();
      gateway.socket.refuse(type, 'permission_denied');
      expect(handler).toHaveBeenCalledOnce();
      client.close();
    }
    expect(await consoleOutput()).toEqual([]);
  });

  it.each(['state', 'error'] as const)(
    'a wrong URL, a missing token or a final close, handled by "%s"',
    async (name) => {
      for (const [token, code] of [
        [undefined, 1006],
        [() => Promise.reject(new Error('no')), 1006],
        [undefined, 4200],
      ] as const) {
        const handler = vi.fn();
        const client = gateway.client(token ? { token } : {});
        client.on(name, handler);
        client.channel('a');
        void client.connect().catch(() => {});
        await turn();
        if (!token) gateway.socket.drop(code, 'token_required: x');
        await turn();
        expect(handler.mock.calls.length, `${name} ${code}`).toBeGreaterThan(
          name === 'error' && code === 4200 ? -1 : 0,
        );
        client.close();
      }
      expect(await consoleOutput()).toEqual([]);
    },
  );

  it('a gap, handled by onGap or by the client, and only one of them is called', async () => {
    const client = await connected();
    const [onGap, gap] = [vi.fn(), vi.fn()];
    client.on('gap', gap);
    client.channel('a').subscribe(() => {}, { onGap });
    client.channel('b').subscribe(() => {});
    await turn();
    for (const { id } of gateway.socket.sent('subscribe')) {
      gateway.socket.push({ type: 'reply', id, result: { epoch: 'e1', offset: 0, state: 'live' } });
    }
    const [from, to] = [0, 2].map((offset) => ({ epoch: 'e1', offset }));
    for (const channel of ['a', 'b']) {
      if (from && to) gateway.socket.push({ type: 'gap', channel, from, to, reason: 'retention' });
    }
    const expected = { from, to, reason: 'retention', lost: 2 };
    expect(onGap.mock.calls).toEqual([[{ channel: 'a', ...expected }]]);
    expect(gap.mock.calls).toEqual([[{ channel: 'b', ...expected }]]);
    expect(await consoleOutput('warn')).toEqual([]);
  });

  it('except if the handler is passive', async () => {
    const client = gateway.client();
    const handler = vi.fn();
    client.on('error', handler, { passive: true });
    client.on('state', () => {}, { passive: true });
    void client.connect().catch(() => {});
    await turn();
    gateway.socket.drop(1006);
    expect(await consoleOutput()).toHaveLength(1);
    expect(handler).toHaveBeenCalledOnce();
  });

  it('a rejected publish', async () => {
    const client = gateway.client();
    const publish = client.channel('a').publish(1);
    publish.catch(() => {});
    await turn();
    gateway.socket.open();
    gateway.socket.drop(4200, 'token_required: A token is required.');
    await expect(publish).rejects.toMatchObject({ name: 'token_required' });
    expect(await consoleOutput()).toEqual([]);
  });
});

it('works with the test double', async () => {
  vi.useRealTimers();
  const { client, gateway: double } = createTestClient();
  double.deny('subscribe', 'a');
  client.channel('a').subscribe(() => {});
  client.channel('b').subscribe(() => {});
  await double.settled();
  double.gap('b', 2);
  await double.settled();
  await loadDiagnostics();
  await double.settled();
  expect(vi.mocked(console.error).mock.calls).toEqual([[expect.stringContaining('permission_denied')]]);
  expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringContaining('Gap in "b"')]]);
  double.close();
});

it('reports code and name if the explanation cannot be loaded', async () => {
  vi.resetModules();
  vi.doMock('../src/load-diagnostics.ts', () => ({ loadDiagnostics: () => Promise.reject(new Error('offline')) }));
  const { createClient } = await import('../src/client.ts');
  createClient({ url: 'ws://localhost:1/ws', WebSocket: gateway.WebSocket })
    .channel('a')
    .subscribe(() => {});
  await turn();
  gateway.socket.drop(1006);
  await turn();
  expect(vi.mocked(console.error).mock.calls).toEqual([
    ['[sluice]', expect.stringContaining('Not connected to ws://localhost:1/ws: Closed: 1006')],
  ]);
  vi.doUnmock('../src/load-diagnostics.ts');
});
