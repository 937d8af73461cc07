import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  Backend,
  type HistoryGap,
  type HistoryOptions,
  IncompleteError,
  type ListOptions,
  type LogPosition,
  mintToken,
} from '../src/index.ts';

vi.mock('node:timers/promises', () => ({ setTimeout: vi.fn(async () => {}) }));

afterEach(() => {
  vi.restoreAllMocks();
  vi.mocked(sleep).mockClear();
});

interface Sent {
  readonly url: URL;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A backend of a gateway that gives these answers, one after the other. */
function answering(answers: readonly (object | Error)[], { retries = 3 } = {}) {
  const sent: Sent[] = [];
  const send = async (url: URL, { body = '{}' }: { body?: string }) => {
    sent.push({ url, body: JSON.parse(body) as Sent['body'] });
    const answer = answers[sent.length - 1] ?? new Error('no answer is left');
    if (answer instanceof Error) throw answer;
    return Response.json(answer, { status: 'error' in answer ? 503 : 200 });
  };
  const backend = new Backend({ url: 'http://gateway.test', apiKey: 'k', retries, fetch: send as typeof fetch });
  return { backend, sent };
}

const pauses = (): unknown[] => vi.mocked(sleep).mock.calls.map(([pause]) => pause);
const busy = (fields: object = {}) => ({
  error: { name: 'unavailable', code: 1, message: '', retryable: true, ...fields },
});

async function collect<T>(list: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of list) all.push(entry);
  return all;
}

describe('the pauses between attempts', () => {
  it.each([
    [0, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]],
    [0.5, [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]],
  ])('double up to a limit, and vary by half: %d', async (random, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    const { backend } = answering(
      Array.from({ length: 9 }, () => busy()),
      { retries: 8 },
    );
    await expect(backend.publish('chat:a', 1)).rejects.toMatchObject({ name: 'unavailable' });
    expect(pauses()).toEqual(expected);
  });

  it('are as long as the gateway says', async () => {
    const { backend } = answering([busy({ retryAfter: 7_000 }), { offset: 1 }]);
    await backend.publish('chat:a', 1);
    expect(pauses()).toEqual([7_000]);
  });
});

describe('a call', () => {
  it('has one key for all its attempts, and another than the next call', async () => {
    const { backend, sent } = answering([busy(), new Error('cut'), { offset: 1 }, { offset: 2 }]);
    await backend.publish('chat:a', 1);
    await backend.publish('chat:a', 1);
    const keys = sent.map(({ body }) => body.key);
    expect(keys[0]).toEqual(expect.stringMatching(/^[\w-]{20,}$/));
    expect([new Set(keys.slice(0, 3)).size, new Set(keys).size]).toEqual([1, 2]);
  });

  it('leaves out what is not given', async () => {
    const { backend, sent } = answering([{ channels: [] }, { connections: [] }]);
    await collect(backend.channels({ pattern: undefined as never }));
    await collect(backend.connections({ user: 'a b&c' }));
    expect(sent.map(({ url }) => url.search)).toEqual(['?limit=1000', '?user=a+b%26c&limit=1000']);
  });

  it('ends in time, even if it has a signal', async () => {
    const signals: AbortSignal[] = [];
    const hanging = (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise<never>((_resolve, reject) => {
        signals.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const options = { url: 'http://gateway.test', apiKey: 'k', retries: 0, fetch: hanging as unknown as typeof fetch };
    const { signal } = new AbortController();
    const called = new Backend({ ...options, timeout: 5 }).get('/api/v1/nodes', { signal });
    await expect(called).rejects.toMatchObject({ name: 'TimeoutError' });
    const stop = new AbortController();
    const stopped = new Backend(options).get('/api/v1/nodes', { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    expect(signals).toHaveLength(2);
  });

  it('that cannot reach the gateway says which one, and why', async () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') });
    const { backend } = answering([refused], { retries: 0 });
    const called = backend.get('/api/v1/nodes', {});
    await expect(called).rejects.toThrow('GET http://gateway.test/api/v1/nodes failed: connect ECONNREFUSED');
    await expect(called).rejects.toMatchObject({ name: 'TypeError', cause: refused });
  });

  it('that fails with more than an error keeps the whole answer', async () => {
    const answer = { ...busy({ name: 'command_invalid', retryable: false }), nodes: [{ node: 'n1', ok: false }] };
    const failed = answering([answer]).backend.post('/api/v1/reload', {});
    await expect(failed).rejects.toMatchObject({ name: 'command_invalid', status: 503, body: answer });
  });

  it('that is answered by something else says so', async () => {
    const send = async () => new Response('<html>', { status: 200 });
    const backend = new Backend({ url: 'http://gateway.test', apiKey: 'k', fetch: send as typeof fetch });
    await expect(backend.user('ada')).rejects.toThrow('is not from a Sluice gateway');
  });

  it.each<[string, object, string]>([
    ['no API key', { apiKey: '' }, '"apiKey" is empty'],
    ['an option that does not exist', { key: 'k' }, 'there is no option "key". The options are url, apiKey, '],
    ['a URL without a scheme', { url: 'localhost:8080' }, '"url" must be an http or https URL'],
    ['a URL with a password', { url: 'http://ada:hush@gateway.test' }, 'without a password, like "http://localhost'],
  ])('refuses %s', (_, options, message) => {
    const make = () => new Backend({ url: 'http://gateway.test', apiKey: 'k', ...options });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
    expect(make).not.toThrow('hush');
  });

  it('refuses options of "history" and "mintToken" that do not exist', async () => {
    const { backend } = answering([]);
    await expect(collect(backend.history('a', { since: 1 } as object))).rejects.toThrow(
      'history: there is no option "since"',
    );
    const options = { secret: 'x'.repeat(32), sub: 'ada', expires: 60 };
    expect(() => mintToken(options)).toThrow('mintToken: there is no option "expires"');
  });
});

describe('a list', () => {
  it('is read to its end, page by page', async () => {
    const page = (names: readonly string[], next?: string) => ({
      channels: names.map((channel) => ({ channel })),
      next,
    });
    const { backend, sent } = answering([page(['a', 'b'], 'c1'), page([], 'c2'), page(['c'])]);
    expect((await collect(backend.channels())).map(({ channel }) => channel)).toEqual(['a', 'b', 'c']);
    expect(sent.map(({ url }) => url.searchParams.get('cursor'))).toEqual([null, 'c1', 'c2']);
  });

  it('of messages is read to the head, also if the last ones have expired', async () => {
    const page = (offsets: readonly number[]) => ({ head: 5, messages: offsets.map((offset) => ({ offset })) });
    const { backend, sent } = answering([page([1, 2]), page([3, 4]), page([])]);
    expect((await collect(backend.history('chat:a'))).map(({ offset }) => offset)).toEqual([1, 2, 3, 4]);
    expect(sent.map(({ url }) => url.searchParams.get('after'))).toEqual(['0', '2', '4']);
  });

  it.each([
    ['channels', (backend: Backend, options: ListOptions): AsyncIterable<object> => backend.channels(options)],
    ['connections', (backend: Backend, options: ListOptions): AsyncIterable<object> => backend.connections(options)],
  ] as const)('of %s is not complete if a node did not answer: it throws, or tells which', async (list, read) => {
    const pages = [
      { [list]: [{ id: 1 }], next: 'c' },
      { [list]: [{ id: 2 }], missing: ['n2', 'n3'] },
    ];
    const failed = collect(read(answering(pages).backend, {}));
    await expect(failed).rejects.toThrow(`${list}: n2, n3 did not answer`);
    await expect(failed).rejects.toBeInstanceOf(IncompleteError);
    const missing: string[] = [];
    const { backend, sent } = answering(pages);
    expect(await collect(read(backend, { onMissing: (nodes) => missing.push(...nodes) }))).toHaveLength(2);
    expect(missing).toEqual(['n2', 'n3']);
    expect(sent[0]?.url.search).toBe('?limit=1000'); // and nothing of the options
  });

  describe('of messages', () => {
    const page = (offsets: readonly number[], { head = 9, first = 1, epoch = 'e' } = {}) => ({
      ...{ epoch, head, first },
      messages: offsets.map((offset) => ({ offset })),
    });
    const gone = (from: LogPosition, to: LogPosition, reason: HistoryGap['reason'] = 'deleted') => ({
      from,
      to,
      reason,
    });
    const at = (offset: number, epoch = 'e') => ({ epoch, offset });

    it.each<[string, HistoryOptions['after'], object[], HistoryGap[], number[]]>([
      ['whose oldest ones are gone, from the oldest', undefined, [page([5, 9], { first: 5 })], [], [5, 9]],
      ['after an offset', 4, [page([5, 9], { first: 5 })], [], [5, 9]],
      ['after an offset that is gone', 2, [page([5, 9], { first: 5 })], [gone(at(2), at(4))], [5, 9]],
      ['after a position that is gone', at(2), [page([5, 9], { first: 5 })], [gone(at(2), at(4))], [5, 9]],
      ['of a channel that keeps none', 2, [page([], { first: 10 })], [gone(at(2), at(9))], []],
      [
        'that are deleted while they are read',
        undefined,
        [page([1, 2]), page([6, 9], { first: 6 })],
        [gone(at(2), at(5))],
        [1, 2, 6, 9],
      ],
      [
        'after a position of a log that was lost',
        at(7),
        [page([8], { epoch: 'f', head: 8 }), page([1, 8], { epoch: 'f', head: 8 })],
        [gone(at(7), at(0, 'f'), 'epoch_changed')],
        [1, 8],
      ],
      [
        'of a log that is lost while it is read',
        undefined,
        [page([1, 2]), page([], { epoch: 'f', head: 1 }), page([1], { epoch: 'f', head: 1 })],
        [gone(at(2), at(0, 'f'), 'epoch_changed')],
        [1, 2, 1],
      ],
    ])('%s reports what is missing', async (_, after, pages, gaps, offsets) => {
      const options = after === undefined ? {} : { after };
      const found: HistoryGap[] = [];
      const read = answering(pages).backend.history('chat:a', { ...options, onGap: (gap) => found.push(gap) });
      expect((await collect(read)).map(({ offset }) => offset)).toEqual(offsets);
      expect(found).toEqual(gaps);
      const strict = collect(answering(pages).backend.history('chat:a', options));
      if (gaps.length === 0) expect(await strict).toHaveLength(offsets.length);
      else await expect(strict).rejects.toBeInstanceOf(IncompleteError);
    });
  });

  it.each(['.', '..', ''])('of "%s" is refused: in a URL it would be another path', async (channel) => {
    const { backend, sent } = answering([]);
    const read = async () => backend.get('/api/v1/channels/{channel}', { path: { channel } });
    await expect(read()).rejects.toThrow(`"${channel}" as {channel} cannot be part of a URL`);
    await expect(async () => backend.disconnect(channel)).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
  });

  it('of members is read to its end', async () => {
    const { backend, sent } = answering([{ members: [{ user: 'a' }], next: 7 }, { members: [{ user: 'b' }] }]);
    expect(await collect(backend.members('chat:a'))).toHaveLength(2);
    expect(sent.map(({ url }) => url.searchParams.get('after'))).toEqual(['0', '7']);
  });
});

describe('a token', () => {
  const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

  it.each([
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const)('is signed with %s', (algorithm, hash) => {
    const [head, payload, signature] = mintToken({ secret: 's', sub: 'ada', algorithm, kid: 'k' }).split('.');
    expect(decode(head)).toEqual({ alg: algorithm, typ: 'JWT', kid: 'k' });
    expect(signature).toBe(createHmac(hash, 's').update(`${head}.${payload}`).digest('base64url'));
  });

  it('is for its user and time, whatever its other claims are', () => {
    const claims = { sub: 'eve', exp: 9e9, iat: 1, caps: { '**': ['manage'] }, role: 'editor' };
    const token = mintToken({ secret: 's', sub: 'ada', claims, caps: { 'chat:*': ['publish'] }, expiresIn: 1_500 });
    const { iat, exp, ...payload } = decode(token.split('.')[1]);
    expect(payload).toEqual({ sub: 'ada', caps: { 'chat:*': ['publish'] }, role: 'editor' });
    expect([Number(exp) - Number(iat), Math.abs(Number(iat) - Date.now() / 1_000) < 60]).toEqual([2, true]);
  });

  it.each([
    [{ sub: '' }, '"sub" must be a non-empty string'],
    [{ sub: 7 as unknown as string }, '"sub" must be a non-empty string'],
    [{ sub: 'a\u0007' }, '"sub" holds a control character'],
    [{ sub: 'a\ud800' }, '"sub" holds a lone surrogate'],
    [{ sub: 'a'.repeat(201) }, '"sub" is longer than 200 characters'],
    [{ secret: '' }, '"secret" is empty'],
    [{ expiresIn: 0 }, '"expiresIn" must be'],
    [{ expiresIn: Number.POSITIVE_INFINITY }, '"expiresIn" must be'],
    [{ expiresIn: Number.NaN }, '"expiresIn" must be'],
  ])('needs a secret, a user and a lifetime: %j', (options, problem) => {
    expect(() => mintToken({ secret: 's', sub: 'ada', ...options })).toThrow(problem);
  });
});
