import type { ServerResponse } from 'node:http';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpHookInput } from '../src/config/hook-options.ts';
import { HookEndpoint, type Respond } from './support/hook-endpoint.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OLD_KEY = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const CHANNELS = {
  'chat:{room}': { allow: { '*': 'users' }, history: true },
  'prices:{market}': { allow: { request: 'users' }, respond: 'app' },
} as const;
const WRONG_CODE = '"error.code" must be 1 to 64 characters of A-Z a-z 0-9 _ - .';
const chat = { channel: 'chat:lobby' } as const;

const endpoints: HookEndpoint[] = [];

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

async function listen(respond: Respond): Promise<HookEndpoint> {
  const endpoint = await HookEndpoint.start(respond);
  endpoints.push(endpoint);
  return endpoint;
}

async function start(
  endpoint: Pick<HookEndpoint, 'url'>,
  options: Partial<HttpHookInput> = {},
  privateTargets: readonly string[] = ['127.0.0.0/8'],
) {
  const lines: string[] = [];
  const world = await createWorld(
    {
      ...{ channels: CHANNELS, privateTargets, node: 'n1', drain: 0 },
      hooks: { app: { url: endpoint.url, on: ['subscribe'], keys: [{ key: KEY }], ...options } },
    },
    { log: pino({ level: 'info' }, { write: (line) => void lines.push(line) }) },
  );
  world.clock.set(Date.now() - world.clock.now()); // receivers compare the timestamp with their own clock
  const mint = (user = 'ada') => tokenFor(user, { claims: { plan: 'free' }, clock: () => world.clock.now() });
  const connect = async (user = 'ada') => (await world.connect(await mint(user))).client;
  return { world, lines, mint, connect };
}

const yes: Respond = () => ({ allow: true });

describe('a hook over HTTP', () => {
  it('receives a signed question, which the library of Standard Webhooks verifies', async () => {
    const endpoint = await listen(yes);
    const { connect } = await start(endpoint);
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    const [{ headers, text, body } = expect.fail('no request')] = endpoint.requests;
    expect(new Webhook(KEY).verify(text, headers as Record<string, string>)).toEqual(body);
    expect(() => new Webhook(OLD_KEY).verify(text, headers as Record<string, string>)).toThrow();
    expect(body).toEqual({
      ...{ hook: 'subscribe', node: 'n1', user: 'ada', connection: expect.any(String) },
      claims: expect.objectContaining({ sub: 'ada', plan: 'free' }),
      calls: [{ channel: 'chat:lobby', verb: 'subscribe' }],
    });
    expect(headers).toMatchObject({ 'content-type': 'application/json' });
    expect(text).not.toContain('eyJ'); // no token
  });

  it('is signed with both keys while one is replaced', async () => {
    const endpoint = await listen(yes);
    const { connect } = await start(endpoint, { keys: [{ key: KEY }, { key: OLD_KEY }] });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    const [{ headers, text } = expect.fail('no request')] = endpoint.requests;
    for (const key of [KEY, OLD_KEY]) new Webhook(key).verify(text, headers as Record<string, string>);
  });

  it('gets one call for all subscriptions of a frame, and denies some of them', async () => {
    const endpoint = await listen(({ body }) => ({
      answers: body.calls.map(({ channel }) =>
        channel === 'chat:7' ? { allow: false, message: 'Not you.' } : { allow: true },
      ),
    }));
    const { world, mint } = await start(endpoint);
    const { client } = world.open();
    const channels = Array.from({ length: 300 }, (_, at) => `chat:${at}`);
    const ids = client.send(
      { type: 'connect', token: await mint() },
      ...channels.map((channel) => ({ type: 'subscribe', channel }) as const),
    );
    await client.wait((message) => 'id' in message && message.id === ids.at(-1));
    expect(endpoint.requests.map(({ body }) => body.calls.length)).toEqual([300]);
    const errors = client.received.filter((message) => message.type === 'error');
    expect(errors).toMatchObject([{ id: ids[8], error: { name: 'permission_denied', message: 'Not you.' } }]);
  });

  it('is called at most `concurrency` times at the same time', async () => {
    const waiting: ServerResponse[] = [];
    const endpoint = await listen((_, response) => void waiting.push(response));
    const { world, connect } = await start(endpoint, { on: ['publish'], concurrency: 3 });
    const clients = await Promise.all(Array.from({ length: 8 }, (_, at) => connect(`user-${at}`)));
    const published = clients.map((client) => client.result({ type: 'publish', ...chat, data: 1 }));
    for (let answered = 0; answered < 8; answered++) {
      await world.until(() => waiting.length > 0);
      waiting.shift()?.end('{"allow":true}');
    }
    await Promise.all(published);
    expect(endpoint.requests).toHaveLength(8);
    expect(endpoint.mostOpen).toBeLessThanOrEqual(3);
  });
});

describe('the timeout of a hook over HTTP', () => {
  it('includes the time that a call waits for others', async () => {
    const waiting: ServerResponse[] = [];
    const endpoint = await listen((_, response) => void waiting.push(response));
    const { world, connect } = await start(endpoint, { concurrency: 1 });
    const [first, second] = [await connect('first'), await connect('second')];
    const answers = [first, second].map((client) => client.request({ type: 'subscribe', ...chat }));
    await world.until(() => waiting.length === 1);
    world.clock.advance(600);
    waiting[0]?.end('{"allow":true}');
    await world.until(() => waiting.length === 2);
    world.clock.advance(399);
    await world.idle();
    expect(endpoint.open, 'it has a millisecond left').toBe(1);
    world.clock.advance(1);
    await expect(answers[1]).resolves.toMatchObject({ error: { message: expect.stringContaining('(timeout)') } });
  });

  it('drops calls that wait for longer', async () => {
    const endpoint = await listen(() => undefined);
    const { world, connect } = await start(endpoint, { concurrency: 1 });
    const [first, second] = [await connect('first'), await connect('second')];
    const answers = [first, second].map((client) => client.request({ type: 'subscribe', ...chat }));
    await world.until(() => endpoint.requests.length === 1);
    await world.idle();
    world.clock.advance(1_000);
    const failures = (await Promise.all(answers)).map((answer) => ('error' in answer ? answer.error.message : ''));
    expect(failures.sort()).toEqual([
      'the hook "app" gave no answer (overloaded)',
      'the hook "app" gave no answer (timeout)',
    ]);
    await world.until(() => endpoint.open === 0);
    expect(endpoint.requests).toHaveLength(1);
    endpoint.respond = yes;
    await second.result({ type: 'subscribe', ...chat });
  });
});

describe('a hook over HTTP that fails', () => {
  const FAILURES: [string, string, Respond][] = [
    ['status', 'a status that is no success', (_, response) => void response.writeHead(500).end('{"allow":true}')],
    [
      'redirect',
      'a redirect',
      (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
    ['invalid', 'something that is not JSON', (_, response) => void response.end('<html>')],
    ['invalid', 'an empty answer', (_, response) => void response.end()],
    ['invalid', 'JSON without a decision', () => ({ ok: true })],
    ['invalid', 'too few answers', () => ({ answers: [] })],
    ['too_large', 'a megabyte', () => ({ allow: true, message: 'x'.repeat(1_048_576) })],
    ['unreachable', 'a closed connection', (_, response) => void response.destroy()],
    [
      'unreachable',
      'half an answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"allow":', () => response.destroy());
      },
    ],
  ];

  it.each(FAILURES)('with "%s": it answers with %s', async (failure, _, respond) => {
    const endpoint = await listen(respond);
    const { connect, lines } = await start(endpoint);
    const client = await connect();
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: {
        name: 'unavailable',
        message: `the hook "app" gave no answer (${failure})`,
        retryAfter: expect.any(Number),
      },
    });
    const log = lines.join('');
    expect(log).toContain(`"failure":"${failure}"`);
    expect(log).not.toContain(KEY.slice(6));
  });

  it('with "timeout": it does not answer', async () => {
    const endpoint = await listen(() => undefined);
    const { world, connect } = await start(endpoint);
    const client = await connect();
    const answered = client.request({ type: 'subscribe', ...chat });
    await world.until(() => endpoint.requests.length === 1);
    world.clock.advance(1_000);
    await expect(answered).resolves.toMatchObject({ error: { message: 'the hook "app" gave no answer (timeout)' } });
    await world.until(() => endpoint.open === 0); // the request was ended
  });

  it('with "timeout": its answer never ends', async () => {
    const endpoint = await listen((_, response) => void response.write('{"allow":true'));
    const { world, connect } = await start(endpoint);
    const client = await connect();
    const answered = client.request({ type: 'subscribe', ...chat });
    await world.until(() => endpoint.requests.length === 1);
    world.clock.advance(1_000);
    await expect(answered).resolves.toMatchObject({ error: { message: 'the hook "app" gave no answer (timeout)' } });
  });

  it('with "unreachable": nobody listens', async () => {
    const endpoint = await HookEndpoint.start(yes);
    const { url } = endpoint;
    await endpoint.close();
    const { connect } = await start({ url });
    const client = await connect();
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { message: 'the hook "app" gave no answer (unreachable)' },
    });
  });

  it.each([
    ['an address', (url: string) => url],
    ['a name', (url: string) => url.replace('127.0.0.1', 'localhost')],
    ['an address in another form', (url: string) => url.replace('127.0.0.1', '2130706433')],
    ['an IPv6 address', (url: string) => url.replace('127.0.0.1', '[::ffff:127.0.0.1]')],
  ])('with "address": %s of this network is not listed', async (_, form) => {
    const endpoint = await listen(yes);
    const { connect } = await start({ url: form(endpoint.url) }, {}, []);
    const client = await connect();
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { message: 'the hook "app" gave no answer (address)' },
    });
    expect(endpoint.requests).toEqual([]);
  });

  it('is not called for a while after five failures, and then tried with one call', async () => {
    const endpoint = await listen((_, response) => void response.writeHead(503).end());
    const { world, connect, lines } = await start(endpoint);
    const client = await connect();
    const ask = async () => {
      const answer = await client.request({ type: 'subscribe', ...chat });
      return answer.type === 'error' ? /\((.*)\)/.exec(answer.error.message)?.[1] : 'subscribed';
    };
    for (let at = 0; at < 5; at++) expect(await ask()).toBe('status');
    expect(await ask()).toBe('open');
    expect(endpoint.requests).toHaveLength(5);
    world.clock.advance(1_200); // the first pause is a second, and varies by a fifth
    expect(await ask()).toBe('status');
    expect(await ask()).toBe('open');
    expect(endpoint.requests).toHaveLength(6);
    endpoint.respond = yes;
    world.clock.advance(2_400);
    expect(await ask()).toBe('subscribed');
    expect(lines.join('')).toMatch(/a hook is not asked.*a hook answers again/s);
  });

  it.each([
    ['a field that no answer has', { allow: true, bogus: 1 }],
    ['the wrong number of answers', { answers: [] }],
    ['one invalid answer', { answers: [{}] }],
    ['no "allow"', {}],
    ['null', null],
    ['no JSON', undefined],
  ])('is not asked after five answers with %s', async (_, answer) => {
    const endpoint = await listen((_, response) => answer ?? void response.end(answer === null ? 'null' : '{'));
    const { connect } = await start(endpoint);
    const client = await connect();
    for (const failure of [...Array.from({ length: 5 }, () => 'invalid'), 'open']) {
      await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
        error: { message: `the hook "app" gave no answer (${failure})` },
      });
    }
    expect(endpoint.requests).toHaveLength(5);
  });

  it('does not keep anything: no timer, no call', async () => {
    const endpoint = await listen((_, response) => void response.writeHead(500).end());
    const { world, connect } = await start(endpoint);
    const client = await connect();
    await client.request({ type: 'subscribe', ...chat }); // the log has a timer from its first line
    const before = world.clock.running;
    await client.request({ type: 'subscribe', ...chat });
    expect(world.clock.running).toBe(before);
    await world.until(() => endpoint.open === 0);
  });
});

describe('a rule with `respond`', () => {
  const ask = { type: 'request', channel: 'prices:nyse', data: { symbol: 'ACME' } } as const;

  it('lets a backend answer requests over HTTP', async () => {
    const endpoint = await listen(() => ({ data: { price: 12.5 } }));
    const { connect } = await start(endpoint, { on: [] });
    const client = await connect();
    await expect(client.result(ask)).resolves.toEqual({ data: { price: 12.5 } });
    const [{ headers, text, body } = expect.fail('no request')] = endpoint.requests;
    expect(new Webhook(KEY).verify(text, headers as Record<string, string>)).toEqual(body);
    expect(body).toEqual({
      hook: 'respond',
      node: 'n1',
      channel: 'prices:nyse',
      data: { symbol: 'ACME' },
      from: 'ada',
    });
  });

  it.each([
    ['an error', { error: { code: 'no_symbol', message: 'Unknown.', data: 1 } }, 'no_symbol'],
    ['an error without a text', { error: { code: 'no_symbol' } }, 'no_symbol'],
  ])('passes on %s of the backend', async (_, answer, code) => {
    const endpoint = await listen(() => answer);
    const { connect } = await start(endpoint, { on: [] });
    const client = await connect();
    for (let at = 0; at < 6; at++) {
      await expect(client.request(ask)).resolves.toMatchObject({
        error: { name: 'responder_failed', responder: { code } },
      });
    }
  });

  it.each([
    ['something else', { price: 1 }, 'must have either "data" or "error"'],
    ['data and an error', { data: 1, error: { code: 'no' } }, 'must have either "data" or "error"'],
    [
      'an error that is a text',
      { error: 'no' },
      '"error" must be { "code": string, "message"?: string, "data"?: any }',
    ],
    ['an error without a code', { error: {} }, WRONG_CODE],
    ['a code with a space', { error: { code: 'not now' } }, WRONG_CODE],
    [
      'a long text',
      { error: { code: 'no', message: 'x'.repeat(1_001) } },
      '"error.message" must be a string of at most 1000 characters',
    ],
  ])('reports that the backend answered with %s, and does not ask it after five', async (_, answer, fault) => {
    const endpoint = await listen(() => answer);
    const { connect, lines } = await start(endpoint, { on: [] });
    const client = await connect();
    for (const failure of [...Array.from({ length: 5 }, () => 'invalid'), 'open']) {
      await expect(client.request(ask)).resolves.toMatchObject({
        error: { responder: { code: 'no_answer', message: `the hook "app" gave no answer (${failure})` } },
      });
    }
    expect(endpoint.requests).toHaveLength(5);
    expect(lines.join('')).toContain(JSON.stringify(`the answer to "respond": ${fault}`));
  });

  it('reports that the backend gave no answer, and does not ask it after five failures', async () => {
    const endpoint = await listen((_, response) => void response.writeHead(500).end());
    const { connect } = await start(endpoint, { on: [] });
    const client = await connect();
    for (const failure of [...Array.from({ length: 5 }, () => 'status'), 'open']) {
      await expect(client.request(ask)).resolves.toMatchObject({
        error: { responder: { code: 'no_answer', message: `the hook "app" gave no answer (${failure})` } },
      });
    }
    expect(endpoint.requests).toHaveLength(5);
  });
});

describe('the metrics of hooks', () => {
  it('have their durations by operation and outcome', async () => {
    const endpoint = await listen(yes);
    const { world, connect } = await start(endpoint);
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    const text = await world.assembly.metrics.text();
    expect(text).toContain('sluice_hook_duration_seconds_count{hook="app",operation="subscribe",outcome="answered"} 1');
  });
});
