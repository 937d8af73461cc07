import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StateChange } from '../src/client-state.ts';
import type { SluiceError } from '../src/errors.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  gateway = new FakeGateway();
});

afterEach(restoreGlobals);

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl';

/** Return values of a token function that contain a token. */
const GOOD: Readonly<Record<string, unknown>> = {
  text: JWT,
  'text with a newline': `${JWT}\n`,
  'an object': { token: JWT },
  'JSON as text': JSON.stringify({ token: JWT, expires: 1 }),
  'a JSON string': JSON.stringify(JWT),
};

/** Return values without a token, and how the message describes them. */
const BAD: Readonly<Record<string, [unknown, string]>> = {
  undefined: [undefined, 'undefined'],
  null: [null, 'object'],
  'an empty text': ['', 'string'],
  blanks: ['  \n', 'string'],
  'a page': ['<!doctype html><html></html>', 'HTML'],
  'a page after white space': ['\n  <html>', 'HTML'],
  'an error as JSON': ['{"error":"eyJ"}', 'string'],
  'an object without a token': [{ jwt: JWT }, 'object'],
  'an object with null': [{ token: null }, 'object'],
  'a number': [5, 'number'],
  true: [true, 'boolean'],
  'an array': [[JWT], 'object'],
  '20 kB': ['x'.repeat(20_000), 'string'],
  '200 kB of a page': [`<!doctype html>${'<p>x</p>'.repeat(25_000)}`, 'HTML'],
};

describe('a token function', () => {
  it.each(Object.entries(GOOD))('can return %s', async (_, given) => {
    void gateway.client({ token: (() => given) as () => string }).connect();
    await turn();
    gateway.socket.open();
    expect(gateway.socket.last('connect').token).toBe(JWT);
  });

  it.each(Object.entries(BAD))(
    'is called again after it returned %s, which the message describes',
    async (_, [given, words]) => {
      let answer = given;
      const token = vi.fn(() => answer as string);
      const client = gateway.client({ token });
      const changes: StateChange[] = [];
      client.on('state', (change) => changes.push(change));
      const connecting = client.connect();
      await turn();
      const { state, error } = changes.at(-1) ?? {};
      expect([state, error?.name, error?.message]).toEqual([
        'waiting',
        'token_failed',
        `The token callback gave ${words}.`,
      ]);
      expect(JSON.stringify(error)).not.toContain('eyJ');
      expect(gateway.sockets).toEqual([]);
      await pass(60_000);
      // Growing pauses: 250, 500, 1,000… 10,000 ms.
      expect(token.mock.calls.length).toBeGreaterThan(5);
      expect(token.mock.calls.length).toBeLessThan(14);
      answer = JWT;
      await pass(10_000);
      await gateway.socket.accept();
      await expect(connecting).resolves.toBeUndefined();
      client.close();
    },
  );

  it.each(Object.entries(BAD))('is also called again after it returned %s at a reconnect', async (_, [given]) => {
    let answer: unknown = JWT;
    const client = gateway.client({ token: (() => answer) as () => string });
    client.connect().catch(() => {});
    await turn();
    await gateway.socket.accept({ expiresAt: Date.now() + 1000 });
    answer = given;
    gateway.socket.drop(4100, 'token_expired: The token has expired.');
    await pass(30_000);
    expect(client.state).not.toBe('closed');
    answer = `${JWT}2`;
    await pass(10_000);
    await gateway.socket.accept();
    expect(client.state).toBe('connected');
  });

  it.each([
    'token_malformed',
    'token_algorithm',
    'token_key_unknown',
    'token_signature',
    'token_claims',
    'token_expired',
    'token_revoked',
    'token_not_active',
  ])('is called again after its token is refused with %s, at most every ten seconds', async (name) => {
    const codes = { token_expired: 4100, token_not_active: 4101, token_revoked: 4102 } as Record<string, number>;
    const token = vi.fn(({ reason }: { reason: string }) => `${JWT} ${reason} ${token.mock.calls.length}`);
    const client = gateway.client({ token });
    const errors: SluiceError[] = [];
    client.on('error', (error) => errors.push(error));
    client.connect().catch(() => {});
    const refuse = () => gateway.socket.refuse('connect', name, { code: codes[name] ?? 4204 });
    for (let n = 0; n < 30; n++) {
      await turn();
      gateway.socket.open();
      if (gateway.socket.sent('connect').length === 1) refuse();
      await pass(5000);
    }
    expect(client.state).not.toBe('closed');
    expect(token.mock.calls.length).toBeGreaterThan(8);
    expect(token.mock.calls.length).toBeLessThan(25);
    expect(token.mock.calls[1]?.[0].reason).toBe('expired');
    expect(errors[0]).toMatchObject({ name });
    client.close();
  });

  it('can return a token again that was refused for another reason than itself', async () => {
    const client = gateway.client({ token: () => JWT });
    client.connect().catch(() => {});
    await turn();
    gateway.socket.open();
    gateway.socket.refuse('connect', 'token_key_unknown', { code: 4203 });
    await pass(1000);
    await gateway.socket.accept();
    expect(client.state).toBe('connected');
  });

  it('is not called again after a refusal that no token can fix', async () => {
    for (const [code, name] of [
      [4210, 'origin_refused'],
      [4206, 'user_changed'],
      [4209, 'protocol_violation'],
    ] as const) {
      const token = vi.fn(() => JWT);
      const client = gateway.client({ token });
      const connecting = client.connect();
      await turn();
      gateway.socket.open();
      gateway.socket.drop(code, `${name}: why`);
      await expect(connecting).rejects.toMatchObject({ name, code });
      await pass(60_000);
      expect([client.state, token.mock.calls.length]).toEqual(['closed', 1]);
    }
  });
});

it.each([`"${JWT}"`, `\uFEFF${JWT}`, `${JWT}\n`, JSON.stringify({ token: JWT }), '<html></html>'])(
  'rejects a token string that is not a plain JWT: %j',
  (token) => {
    expect(() => gateway.client({ token })).toThrow(
      expect.objectContaining({
        name: 'option_invalid',
        message: '"token" must be a bare JWT, not quoted or JSON.',
      }),
    );
  },
);

it.each(['token_malformed', 'token_signature', 'token_expired'])(
  'closes permanently after a token string is refused: %s',
  async (name) => {
    const client = gateway.client({ token: JWT });
    const connecting = client.connect();
    await turn();
    gateway.socket.open();
    gateway.socket.refuse('connect', name, { code: name === 'token_expired' ? 4100 : 4204 });
    await expect(connecting).rejects.toMatchObject({ name });
    expect(client.state).toBe('closed');
  },
);

describe('tokenUrl', () => {
  const answers = (...responses: (() => Response)[]) => {
    const fetched = vi.fn(async () => (responses.length > 1 ? responses.shift() : responses[0])?.() as Response);
    vi.stubGlobal('fetch', fetched);
    return fetched;
  };
  const html = (status: number) => () =>
    new Response('<html><title>502</title></html>', { status, headers: { 'content-type': 'text/html' } });

  it('times out with the client', async () => {
    const signals: AbortSignal[] = [];
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
    vi.stubGlobal('fetch', async (_: string, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      signal.throwIfAborted();
    });
    void gateway
      .client({ token: undefined as never, tokenUrl: '/api/token', timeout: 2000 })
      .connect()
      .catch(() => {});
    await turn();
    expect([timeout.mock.calls, signals.length]).toEqual([[[3000]], 1]);
  });

  it.each([
    ['text', () => new Response(`${JWT}\n`)],
    ['JSON', () => Response.json({ token: JWT })],
  ])('accepts %s, and bypasses caches', async (_, response) => {
    const fetched = answers(response);
    void gateway.client({ tokenUrl: '/api/token' }).connect();
    await turn();
    gateway.socket.open();
    expect(gateway.socket.last('connect').token).toBe(JWT);
    expect(fetched.mock.calls).toEqual([['/api/token', { cache: 'no-store', signal: expect.any(AbortSignal) }]]);
  });

  it.each([
    ['an error page', html(502), /Status 502/],
    ['a login page with status 200', html(200), /HTML/],
    ['404', () => new Response(JWT, { status: 404 }), /Status 404/],
    ['nothing', () => new Response(''), /gave string/],
  ])('retries after %s', async (_, response, words) => {
    answers(response, () => Response.json({ token: JWT }));
    const client = gateway.client({ tokenUrl: '/api/token' });
    const errors: SluiceError[] = [];
    client.on('error', (error) => errors.push(error));
    client.connect().catch(() => {});
    await turn();
    expect(errors).toHaveLength(1);
    expect([errors[0]?.message, (errors[0]?.cause as Error | undefined)?.message].join(' ')).toMatch(words);
    await pass(1000);
    await gateway.socket.accept();
    expect(client.state).toBe('connected');
  });
});

describe('a pending call', () => {
  it('is rejected with the reason why there was no connection', async () => {
    const client = gateway.client({ token: () => Promise.reject(new Error('no network')) });
    client.on('error', () => {});
    const published = client.channel('a').publish(1, { timeout: 5000 });
    published.catch(() => {});
    await pass(5001);
    await expect(published).rejects.toMatchObject({
      name: 'timed_out',
      message: 'Not connected to ws://gateway.test/ws: The token callback failed.',
      cause: { name: 'token_failed', cause: { message: 'no network' } },
    });
  });

  it('is rejected with that reason if the client is closed in the meantime', async () => {
    const client = gateway.client({ url: 'ws://gateway.test/ws?key=secret' });
    const connecting = client.connect();
    connecting.catch(() => {});
    await turn();
    gateway.socket.drop(1006);
    client.close();
    await expect(connecting).rejects.toMatchObject({
      name: 'closed',
      cause: { message: 'Not connected to ws://gateway.test/ws: Closed: 1006' },
    });
  });

  it('is not affected by old failures after a connection', async () => {
    const client = gateway.client();
    client.connect().catch(() => {});
    await turn();
    gateway.socket.drop(1006);
    await pass(1000);
    await gateway.socket.accept();
    const page = client.channel('a').history();
    page.catch(() => {});
    await pass(15_001);
    await expect(page).rejects.toMatchObject({ message: 'No answer in time.', cause: undefined });
  });
});
