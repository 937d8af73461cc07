import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Json } from '@sluice/protocol';
import { defineChannels } from '@sluice/protocol/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createGateway, type Gateway, ReplyError } from '../src/index.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const NARROW_KEY = 'another-one-for-news-only';

const contracts = defineChannels({
  'typed:{id}': {
    request: {
      in: z.object({ terms: z.array(z.number()), scale: z.number().default(1) }),
      out: z.object({ sum: z.number() }),
      errors: { too_many: z.object({ most: z.number() }) },
    },
    rule: {},
  },
});

let gateway: Gateway;
let url: string;
let secondUrl: string;

beforeAll(async () => {
  gateway = createGateway({
    port: 0,
    httpPort: 0,
    keys: [{ secret: SECRET }],
    log: { level: 'silent' },
    limits: { requests: 2 },
    channels: {
      'sum:{id}': { allow: { request: 'users' }, requests: { timeout: '5s' } },
      'closed:{id}': {},
    },
    contracts,
    apiKeys: [
      { name: 'backend', secret: API_KEY },
      { name: 'narrow', secret: NARROW_KEY, caps: { 'news:*': ['request'] } },
    ],
  }) as unknown as Gateway;
  const address = await gateway.start();
  url = address.url;
  secondUrl = `http://localhost:${address.httpPort}`;
});

afterAll(() => gateway.close());

let count = 0;
/** A channel of its own, with this responder. */
function channelWith(answer: Parameters<Gateway['respond']>[1]): string {
  const channel = `sum:${++count}`;
  gateway.respond(channel, answer);
  return channel;
}

async function post(body: unknown, { bearer = API_KEY, accept = '*/*' } = {}) {
  const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json', Accept: accept };
  const response = await fetch(`${url}/api/v1/request`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function* letters(): AsyncGenerator<Json> {
  yield 'a';
  yield 'b';
}

describe('a request of the program', () => {
  it('is answered by a function of the program', async () => {
    const channel = channelWith(({ data, from, channel: name }) => ({ data, from: from ?? null, name }));
    expect(await gateway.request(channel, [1])).toEqual({ data: [1], from: null, name: channel });
  });

  it('iterates over several replies', async () => {
    const channel = channelWith(letters);
    expect(await all(gateway.requestMany(channel, null))).toEqual(['a', 'b']);
    expect(await gateway.request(channel, null)).toBe('b');
  });

  it.each<[string, () => Json, Record<string, unknown>]>([
    [
      'with its code',
      () => {
        throw new ReplyError('too_many', 'at most 2', { most: 2 });
      },
      { code: 'too_many', message: 'at most 2', data: { most: 2 } },
    ],
    [
      'without details, if it is a bug',
      () => {
        throw new Error('a secret');
      },
      { code: 'internal', message: 'the responder failed' },
    ],
  ])('fails with the error of the function %s', async (_, answer, responder) => {
    const failure = gateway.request(channelWith(answer), 1);
    await expect(failure).rejects.toMatchObject({ name: 'responder_failed', responder });
  });

  it.each<[string, string, Json, { timeout?: number }, string]>([
    ['nobody responds', 'sum:nobody', 1, {}, 'no_responders'],
    ['there is no such channel', 'nowhere', 1, {}, 'channel_unknown'],
    ['the name is invalid', 'a b', 1, {}, 'channel_invalid'],
    ['the timeout is invalid', 'sum:1', 1, { timeout: -1 }, 'command_invalid'],
  ])('is refused if %s', async (_, channel, data, options, name) => {
    await expect(gateway.request(channel, data, options)).rejects.toMatchObject({ name });
  });

  it('is cancelled by its signal', async () => {
    const aborted = deferred<unknown>();
    const channel = channelWith(({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      return aborted.promise.then(() => null);
    });
    const abort = new AbortController();
    const asked = gateway.request(channel, 1, { signal: abort.signal });
    abort.abort(new Error('not needed any more'));
    await expect(asked).rejects.toThrow('not needed any more');
    expect(String(await aborted.promise)).toContain('the request was cancelled: closed');
  });

  it('ends the iteration of its responder when it is cancelled', async () => {
    const replied = deferred<void>();
    const ended = deferred<void>();
    const channel = channelWith(async function* () {
      try {
        for (;;) {
          yield 1;
          replied.resolve();
          await nextTurn();
        }
      } finally {
        ended.resolve();
      }
    });
    const abort = new AbortController();
    const asked = gateway.request(channel, 1, { signal: abort.signal });
    await replied.promise;
    abort.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await ended.promise;
  });

  it('cannot be answered on a channel without a rule, and no more once it has ended', async () => {
    expect(() => gateway.respond('nowhere', () => 1)).toThrow(/no channel rule matches/);
    const stop = gateway.respond('sum:stop', () => 1);
    expect(await gateway.request('sum:stop', 1)).toBe(1);
    stop();
    await expect(gateway.request('sum:stop', 1)).rejects.toMatchObject({ name: 'no_responders' });
  });
});

describe('POST /api/v1/request', () => {
  it('answers with the reply', async () => {
    const channel = channelWith(({ data }) => ({ got: data }));
    expect(await post({ channel, data: 7, timeout: 1_000 })).toMatchObject({
      status: 200,
      text: JSON.stringify({ data: { got: 7 } }),
    });
  });

  it('answers with several replies, together or one after the other', async () => {
    const channel = channelWith(letters);
    expect(JSON.parse((await post({ channel, data: 1 })).text)).toEqual({ replies: ['a', 'b'] });
    const lines = await post({ channel, data: 1 }, { accept: 'application/x-ndjson' });
    expect(lines).toMatchObject({ status: 200, type: 'application/x-ndjson; charset=utf-8' });
    expect(lines.text).toBe('{"data":"a"}\n{"data":"b"}\n{"end":true}\n');
    const events = await post({ channel, data: 1 }, { accept: 'text/event-stream' });
    expect(events.text).toContain('event: reply\ndata: {"data":"a"}\n\n');
    expect(events.text).toContain('event: end\ndata: {}\n\n');
  });

  it.each<[string, () => string, string]>([
    ['the port of the gateway', () => url, '*/*'],
    ['the port of the gateway, for a stream', () => url, 'application/x-ndjson'],
    ['the second port', () => secondUrl, '*/*'],
    ['the second port, for a stream', () => secondUrl, 'application/x-ndjson'],
  ])('is cancelled at the responder if its client leaves before the first reply: %s', async (_, base, accept) => {
    const asked = deferred<void>();
    const aborted = deferred<unknown>();
    const channel = channelWith(({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      asked.resolve();
      return aborted.promise.then(() => null);
    });
    const abort = new AbortController();
    const response = fetch(`${base()}/api/v1/request`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json', Accept: accept },
      body: JSON.stringify({ channel, data: 1 }),
      signal: abort.signal,
    });
    await asked.promise;
    abort.abort();
    await expect(response).rejects.toThrow();
    expect(String(await aborted.promise)).toContain('the request was cancelled: closed');
  });

  it('has no replies if the responder yields none', async () => {
    const channel = channelWith(async function* () {});
    expect(await post({ channel, data: 1 })).toMatchObject({ status: 200, text: '{"replies":[]}' });
    const stream = await post({ channel, data: 1 }, { accept: 'application/x-ndjson' });
    expect(stream.text).toBe('{"end":true}\n');
  });

  it('reports an error in the middle of a stream as its last line', async () => {
    const channel = channelWith(async function* () {
      yield 1;
      throw new ReplyError('broken');
    });
    const { text } = await post({ channel, data: 1 }, { accept: 'application/x-ndjson' });
    const [first, last] = text.trim().split('\n');
    expect(JSON.parse(first ?? '')).toEqual({ data: 1 });
    expect(JSON.parse(last ?? '')).toMatchObject({
      error: { name: 'responder_failed', responder: { code: 'broken' } },
    });
    expect((await post({ channel, data: 1 })).status).toBe(502);
  });

  it('writes no more to a reader than it reads, and sends everything in the end', async () => {
    const big = 'x'.repeat(60_000);
    let sent = 0;
    const channel = channelWith(async function* () {
      for (; sent < 100; sent++) yield big;
    });
    const headers = { Authorization: `Bearer ${API_KEY}`, Accept: 'application/x-ndjson' };
    const body = JSON.stringify({ channel, data: 1 });
    const response = await fetch(`${url}/api/v1/request`, { method: 'POST', headers, body });
    expect((await response.text()).length).toBeGreaterThan(6_000_000);
    expect(sent).toBe(100);
  });

  it('cancels the request when the reader of a stream leaves', async () => {
    const cancelled = deferred<void>();
    const channel = channelWith(async function* ({ signal }) {
      yield 1;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      cancelled.resolve();
    });
    const abort = new AbortController();
    const headers = { Authorization: `Bearer ${API_KEY}`, Accept: 'application/x-ndjson' };
    const body = JSON.stringify({ channel, data: 1 });
    const response = await fetch(`${url}/api/v1/request`, { method: 'POST', headers, body, signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    await cancelled.promise;
  });

  it.each<[string, unknown, string, number, string]>([
    ['a body that is no object', [1], API_KEY, 400, 'the body must be an object'],
    ['an unknown field', { channel: 'sum:1', data: 1, name: 'x' }, API_KEY, 400, 'has no field \\"name\\"'],
    ['no data', { channel: 'sum:1' }, API_KEY, 400, '\\"data\\" is required'],
    ['an unknown channel', { channel: 'nowhere', data: 1 }, API_KEY, 404, 'no channel rule matches'],
    ['a key without the permission', { channel: 'sum:1', data: 1 }, NARROW_KEY, 403, 'is not allowed to the API key'],
    ['no responder', { channel: 'sum:nobody', data: 1 }, API_KEY, 503, 'nobody responds'],
    ['an unknown key', { channel: 'sum:1', data: 1 }, 'guessed-it', 401, 'unauthorized'],
  ])('refuses %s', async (_, body, bearer, status, text) => {
    const answer = await post(body, { bearer });
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(text);
  });

  it('counts the unanswered requests of a user', async () => {
    const release = deferred<Json>();
    const seen = deferred<void>();
    let arrived = 0;
    const channel = channelWith(({ from }) => {
      expect(from).toBe('ada');
      if (++arrived === 2) seen.resolve();
      return release.promise;
    });
    const bearer = await tokenFor('ada');
    const pending = [post({ channel, data: 1 }, { bearer }), post({ channel, data: 1 }, { bearer })];
    await seen.promise;
    expect((await post({ channel, data: 1 }, { bearer })).status).toBe(429);
    release.resolve('done');
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await post({ channel, data: 1 }, { bearer })).status).toBe(200);
  });
});

describe('a contract', () => {
  const ask = (data: Json) => gateway.request('typed:1', data);
  const answering = async (answer: Parameters<Gateway['respond']>[1], data: Json) => {
    const stop = gateway.respond('typed:1', answer);
    try {
      return await ask(data);
    } finally {
      stop();
    }
  };

  it('checks requests and replies, and fills in defaults', async () => {
    const seen: Json[] = [];
    const reply = await answering(
      ({ data }) => {
        seen.push(data);
        return { sum: 3, more: 'than the contract has' };
      },
      { terms: [1, 2] },
    );
    expect([reply, seen]).toEqual([{ sum: 3 }, [{ terms: [1, 2], scale: 1 }]]);
  });

  it('refuses a request that does not fit', async () => {
    await expect(ask({ terms: ['x'] })).rejects.toMatchObject({
      name: 'payload_invalid',
      issues: [{ path: 'data.terms[0]' }],
    });
  });

  it('ends a request whose reply does not fit', async () => {
    const failure = answering(() => ({ sum: 'three' }), { terms: [] });
    await expect(failure).rejects.toMatchObject({ name: 'responder_failed', responder: { code: 'invalid_reply' } });
  });

  it.each<[string, string, Json, Record<string, unknown>]>([
    ['is passed on if it is listed', 'too_many', { most: 2 }, { code: 'too_many', data: { most: 2 } }],
    ['is replaced if its data does not fit', 'too_many', {}, { code: 'invalid_reply' }],
    ['is replaced if it is not listed', 'other', {}, { code: 'invalid_reply' }],
  ])('an error %s', async (_, code, data, responder) => {
    const failing = () => {
      throw new ReplyError(code, 'no', data);
    };
    await expect(answering(failing, { terms: [] })).rejects.toMatchObject({ responder });
  });
});
