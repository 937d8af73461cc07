import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const READER_KEY = 'a-key-for-the-history-of-chats';
const MANAGER_KEY = 'a-key-that-manages-chats';

let gateway: RealGateway;

beforeAll(async () => {
  gateway = await startGateway({
    keys: [{ secret: SECRET }],
    anonymous: true,
    channels: {
      'chat:{room}': {
        allow: { subscribe: 'users', publish: 'role:writer', history: 'users', presence: 'users', enter: 'users' },
        history: true,
      },
      'news:{topic}': { allow: { subscribe: 'users' } },
      'own:{user}': { allow: { subscribe: 'claim:sub:{user}' } },
    },
    apiKeys: [
      { name: 'backend', secret: API_KEY },
      { name: 'reader', secret: READER_KEY, caps: { 'chat:*': ['history'] } },
      { name: 'manager', secret: MANAGER_KEY, caps: { 'chat:*': ['manage'] } },
    ],
  });
  for (let n = 1; n <= 5; n++) await gateway.gateway.publish('chat:one', { n });
});

afterAll(() => gateway.stop());

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown> & { readonly error?: { readonly name: string; readonly message: string } };
}

async function call(
  path: string,
  { bearer = API_KEY, body }: { bearer?: string; body?: unknown } = {},
): Promise<Answer> {
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${gateway.url}/api/v1${path}`, {
    ...post,
    headers: { Authorization: `Bearer ${bearer}` },
  });
  return { status: response.status, json: (await response.json()) as Answer['json'] };
}

const offsetsOf = ({ json }: Answer) => (json.messages as { offset: number }[]).map(({ offset }) => offset);
const errorOf = ({ status, json }: Answer) => [status, json.error?.name];

describe('GET /api/v1/channels/{channel}/messages', () => {
  it.each<[string, number[]]>([
    ['', [1, 2, 3, 4, 5]],
    ['?limit=2', [4, 5]],
    ['?after=2', [3, 4, 5]],
    ['?after=1&limit=2', [2, 3]],
    ['?before=3', [1, 2]],
    ['?after=5', []],
  ])('reads a page with "%s"', async (query, offsets) => {
    const answer = await call(`/channels/chat%3Aone/messages${query}`);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ epoch: expect.any(String), head: 5, first: 1 });
    expect(offsetsOf(answer)).toEqual(offsets);
  });

  it('reads what matches a filter', async () => {
    for (const topic of ['a', 'b', 'a']) await gateway.gateway.publish('chat:two', topic, { tags: { topic } });
    const filter = encodeURIComponent('{"tags":{"topic":"a"}}');
    const answer = await call(`/channels/chat:two/messages?filter=${filter}&limit=1`, { bearer: READER_KEY });
    expect(offsetsOf(answer)).toEqual([3]);
    expect(answer.json.covers).toEqual({ from: 3, to: 3 });
  });

  it('reads the same page as the command over a connection', async () => {
    const { client } = await gateway.connect(await tokenFor('ada'));
    const page = await client.result({ type: 'history', channel: 'chat:one', after: 1, limit: 3 });
    expect((await call('/channels/chat:one/messages?after=1&limit=3')).json).toEqual(page);
  });

  it.each<[string, number, string]>([
    ['/channels/chat:one/messages?limit=0', 400, 'command_invalid'],
    ['/channels/chat:one/messages?limit=1001', 400, 'command_invalid'],
    ['/channels/chat:one/messages?limit=two', 400, 'command_invalid'],
    ['/channels/chat:one/messages?after=1&after=2', 400, 'command_invalid'],
    ['/channels/chat:one/messages?after=1&before=2', 400, 'command_invalid'],
    ['/channels/chat:one/messages?offset=2', 400, 'command_invalid'],
    ['/channels/chat:one/messages?filter=a', 400, 'filter_invalid'],
    ['/channels/chat:one/messages?filter={"a":1}', 400, 'filter_invalid'],
    ['/channels/unknown/messages', 404, 'channel_unknown'],
    ['/channels/chat:%20/messages', 400, 'channel_invalid'],
  ])('refuses %s', async (path, status, error) => {
    expect(errorOf(await call(path))).toEqual([status, error]);
  });

  it('is for API keys with the verb', async () => {
    expect((await call('/channels/chat:one/messages', { bearer: READER_KEY })).status).toBe(200);
    const denied = await call('/channels/news:one/messages', { bearer: READER_KEY });
    expect(errorOf(denied)).toEqual([403, 'permission_denied']);
    expect(denied.json.error?.message).toContain('"history" on "news:one" is not allowed to the API key "reader"');
    expect(errorOf(await call('/channels/chat:one/messages', { bearer: await tokenFor('ada') }))).toEqual([
      403,
      'permission_denied',
    ]);
    expect(errorOf(await call('/channels/chat:one/messages', { bearer: 'unknown' }))).toEqual([401, 'unauthorized']);
  });
});

describe('GET /api/v1/channels/{channel}/position', () => {
  it('tells where the log ends', async () => {
    const { json } = await call('/channels/chat:one/position');
    expect(json).toEqual({ epoch: expect.any(String), head: 5, first: 1 });
    const { json: empty } = await call('/channels/chat:nobody/position');
    expect(empty).toEqual({ epoch: expect.any(String), head: 0, first: 1 });
  });
});

describe('members', () => {
  it('are read page by page, and counted', async () => {
    for (const user of ['ada', 'bob', 'cy']) {
      const { client } = await gateway.connect(await tokenFor(user));
      await client.result({ type: 'enter', channel: 'chat:full', state: { user } });
    }
    const first = await call('/channels/chat:full/members?limit=2');
    expect(first.json).toMatchObject({ total: 3, members: [{ user: 'ada', state: { user: 'ada' } }, { user: 'bob' }] });
    const second = await call(`/channels/chat:full/members?limit=2&after=${String(first.json.next)}`);
    expect(second.json).toMatchObject({ total: 3, members: [{ user: 'cy' }] });
    expect(second.json.next).toBeUndefined();
    const counts = await call('/members/counts', { body: { channels: ['chat:full', 'chat:empty', 'unknown'] } });
    expect(counts.json).toMatchObject({
      counts: { 'chat:full': 3, 'chat:empty': 0 },
      errors: { unknown: { name: 'channel_unknown' } },
    });
  });

  it.each([
    {},
    { channels: [] },
    { channels: 'chat:one' },
    { channels: [1] },
    { channels: Array(1001).fill('chat:one') },
    null,
  ])('are not counted for %j', async (body) => {
    expect(errorOf(await call('/members/counts', { body }))).toEqual([400, 'command_invalid']);
  });
});

describe('POST /api/v1/explain', () => {
  it('explains the decision about a token', async () => {
    const { status, json } = await call('/explain', {
      body: { channel: 'chat:one', verb: 'publish', token: await tokenFor('ada') },
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      allowed: false,
      verb: 'publish',
      channel: 'chat:one',
      rule: 'chat:{room}',
      reason: { kind: 'no_grant', grants: expect.any(Array) },
      message: expect.stringContaining('user "ada" may not publish to "chat:one"'),
      remedy: expect.any(String),
    });
  });

  it('explains the decision about an identity', async () => {
    const identity = { user: 'ada', claims: { role: 'writer' }, caps: { 'chat:one': ['!publish'] } };
    const { json } = await call('/explain', { body: { channel: 'chat:one', verb: 'publish', identity } });
    expect(json).toMatchObject({ allowed: false, reason: { kind: 'capability', pattern: 'chat:one' } });
    const { json: anonymous } = await call('/explain', { body: { channel: 'chat:one', verb: 'subscribe' } });
    expect(anonymous).toMatchObject({ allowed: false, reason: { kind: 'no_grant', grants: ['users'] } });
  });

  it.each<[string, unknown, string]>([
    ['a user, who is also the claim "sub"', { user: 'ada' }, 'user "ada"'],
    ['the claim "sub", which is the user', { claims: { sub: 'ada' } }, 'user "ada"'],
    ['nobody', {}, 'an anonymous connection'],
  ])('knows an identity by %s', async (_, identity, who) => {
    const { json } = await call('/explain', { body: { channel: 'own:ada', verb: 'subscribe', identity } });
    expect(json.message).toMatch(new RegExp(`^${who} may`));
    expect(json.allowed).toBe(who === 'user "ada"');
  });

  it('says that the token is rejected', async () => {
    const token = await tokenFor('ada', { secret: 'another secret, which this gateway does not know' });
    const { status, json } = await call('/explain', { body: { channel: 'chat:one', verb: 'subscribe', token } });
    expect([status, json.allowed, json.reason]).toEqual([200, false, { kind: 'token', error: 'token_signature' }]);
  });

  it('explains a subscription to a pattern', async () => {
    const body = { channel: 'chat:*', verb: 'subscribe', identity: { user: 'ada' } };
    expect((await call('/explain', { bearer: MANAGER_KEY, body })).json).toMatchObject({
      ...{ allowed: false, channel: 'chat:*', bound: null, spans: ['chat:{room}'], reason: { kind: 'no_binding' } },
    });
    const wider = { ...body, channel: '**' };
    expect(errorOf(await call('/explain', { bearer: MANAGER_KEY, body: wider }))).toEqual([403, 'permission_denied']);
  });

  it('needs the verb manage', async () => {
    const body = { channel: 'chat:one', verb: 'subscribe' };
    expect((await call('/explain', { bearer: MANAGER_KEY, body })).status).toBe(200);
    expect(errorOf(await call('/explain', { bearer: READER_KEY, body }))).toEqual([403, 'permission_denied']);
    const elsewhere = { channel: 'news:one', verb: 'subscribe' };
    expect(errorOf(await call('/explain', { bearer: MANAGER_KEY, body: elsewhere }))).toEqual([
      403,
      'permission_denied',
    ]);
  });

  it.each<[unknown, number, string]>([
    [[], 400, 'command_invalid'],
    [{ verb: 'publish' }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'shout' }, 400, 'command_invalid'],
    [{ channel: 'a b', verb: 'publish' }, 400, 'channel_invalid'],
    [{ channel: 'chat:*', verb: 'publish' }, 400, 'channel_invalid'],
    [{ channel: 'chat:*:{id}', verb: 'subscribe' }, 400, 'channel_invalid'],
    [{ channel: 'chat:one', verb: 'publish', user: 'ada' }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'publish', token: 5 }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'publish', token: 'a.b.c', identity: {} }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'publish', identity: 'ada' }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'publish', identity: { user: '' } }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'publish', identity: { user: 'a\nb' } }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'publish', identity: { user: 'a', claims: { sub: 'b' } } }, 400, 'command_invalid'],
    [{ channel: 'chat:one', verb: 'publish', identity: { caps: { 'a:{b}': ['*'] } } }, 400, 'command_invalid'],
  ])('refuses %j', async (body, status, error) => {
    expect(errorOf(await call('/explain', { body }))).toEqual([status, error]);
  });
});
