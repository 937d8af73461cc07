import { afterEach, describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const NARROW_KEY = 'another-one-for-news-only';
const MINUTE = 60_000;

const token = (world: World, user: string, jti?: string) =>
  tokenFor(user, { clock: () => world.clock.now(), claims: jti === undefined ? {} : { jti } });

describe('a revocation', () => {
  it('of a user closes all connections of this user and no others', async () => {
    const world = await createWorld();
    const [phone, laptop] = [
      await world.connect(await token(world, 'ada')),
      await world.connect(await token(world, 'ada')),
    ];
    const ben = await world.connect(await token(world, 'ben'));
    world.clock.advance(1_000);
    await world.gateway.revoke({ user: 'ada' });
    for (const { socket } of [phone, laptop])
      expect(socket.closed).toEqual({ code: 4102, reason: expect.stringMatching(/^token_revoked: ./) });
    await ben.client.result({ type: 'ping' });
  });

  it('of a user accepts the user with a token that was issued later', async () => {
    const world = await createWorld();
    const old = await token(world, 'ada');
    world.clock.advance(1_000);
    await world.gateway.revoke({ user: 'ada' });
    const { client } = world.open();
    expect(await client.request({ type: 'connect', token: old })).toMatchObject({ error: { name: 'token_revoked' } });
    world.clock.advance(1_000);
    await world.connect(await token(world, 'ada'));
  });

  it('of a token id does not affect other tokens of the user', async () => {
    const world = await createWorld();
    const [one, two] = [await token(world, 'ada', 'one'), await token(world, 'ada', 'two')];
    const first = await world.connect(one);
    const second = await world.connect(two);
    await world.gateway.revoke({ jti: 'one' });
    expect(first.socket.closed).toMatchObject({ reason: expect.stringMatching(/^token_revoked: ./) });
    expect(second.socket.closed).toBeUndefined();
    expect(await second.client.request({ type: 'refresh', token: one })).toMatchObject({
      error: { name: 'token_revoked' },
    });
    expect(second.socket.closed).toBeUndefined();
  });

  it('by time closes connections with older tokens, but not anonymous connections', async () => {
    const world = await createWorld({ anonymous: true });
    const ada = await world.connect(await token(world, 'ada'));
    const anonymous = await world.connect(undefined);
    await world.gateway.revoke({ before: world.clock.now() + MINUTE });
    expect(ada.socket.closed).toMatchObject({ reason: expect.stringMatching(/^token_revoked: ./) });
    await anonymous.client.result({ type: 'ping' });
  });

  it('expires, and is then deleted', async () => {
    const world = await createWorld();
    const adas = await token(world, 'ada');
    await world.gateway.revoke({ user: 'ada', before: world.clock.now() + MINUTE, until: world.clock.now() + MINUTE });
    world.clock.advance(MINUTE);
    await world.connect(adas);
    expect(await world.assembly.engine.revocations.all()).toEqual([]);
  });

  it.each([
    [{}, 'one of "user", "jti" and "before" must be given'],
    [{ user: '' }, '"user" must be a string of 1 to 1000 characters'],
    [{ jti: 7 }, '"jti" must be a string of 1 to 1000 characters'],
    [{ before: -1 }, '"before" must be milliseconds since the Unix epoch'],
    [
      { user: 'ada', until: 1 },
      '"until" must be in the future: milliseconds since the Unix epoch, at most ten years ahead',
    ],
    [
      { user: 'ada', until: Number.MAX_SAFE_INTEGER },
      '"until" must be in the future: milliseconds since the Unix epoch, at most ten years ahead',
    ],
    [{ usr: 'ada' }, 'unknown field "usr"; allowed: user, jti, before, until'],
  ])('%j is refused', async (what, message) => {
    const world = await createWorld();
    await expect(world.gateway.revoke(what as object)).rejects.toMatchObject({ name: 'command_invalid', message });
  });

  it('that the engine cannot store is reported as failed', async () => {
    const world = await createWorld();
    world.assembly.engine.revocations.add = () => Promise.reject(new EngineUnavailable('away'));
    await expect(world.gateway.revoke({ user: 'ada' })).rejects.toMatchObject({ name: 'unavailable', message: 'away' });
  });
});

describe('over HTTP', () => {
  let gateway: RealGateway | undefined;
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });

  const start = async () => {
    gateway = await startGateway({
      keys: [{ secret: SECRET }],
      node: 'n1',
      apiKeys: [
        { name: 'backend', secret: API_KEY },
        { name: 'narrow', secret: NARROW_KEY, caps: { 'news:*': ['publish'] } },
      ],
    });
    return gateway;
  };
  const call = async (path: string, { key = API_KEY, body }: { key?: string; body?: unknown } = {}) => {
    const response = await fetch(`${gateway?.url}${path}`, {
      headers: { Authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  it('a backend revokes tokens and lists revocations', async () => {
    await start();
    const token = await tokenFor('ada', { clock: () => Date.now() - 10_000 }); // "iat" counts in seconds
    const revoked = await call('/api/v1/revocations', { body: { user: 'ada' } });
    expect(revoked).toMatchObject({ status: 200, json: { user: 'ada', before: expect.any(Number) } });
    expect(await call('/api/v1/revocations')).toEqual({ status: 200, json: { revocations: [revoked.json] } });
    expect((await call('/api/v1/revocations', { key: token })).json).toMatchObject({
      error: { name: 'token_revoked' },
    });
  });

  it('lists revocations page by page', async () => {
    await start();
    const users = ['ada', 'ben', 'cid', 'dan', 'eve'];
    for (const user of users) await call('/api/v1/revocations', { body: { user } });
    const found: unknown[] = [];
    for (let cursor: unknown = ''; cursor !== undefined; ) {
      const { json } = await call(`/api/v1/revocations?limit=2${cursor === '' ? '' : `&cursor=${String(cursor)}`}`);
      const page = json.revocations as readonly { readonly user: string }[];
      expect(page.length).toBeLessThanOrEqual(2);
      found.push(...page.map(({ user }) => user));
      cursor = json.next;
    }
    expect(found).toEqual(users);
    expect((await call('/api/v1/revocations?limit=0')).status).toBe(400);
    expect((await call('/api/v1/revocations?cursor=x')).status).toBe(400);
  });

  it.each<[string, number, RegExp]>([
    ['seconds', 1_763_683_200, /"before" is before 1974; it must be milliseconds.* Multiply seconds by 1000/],
    ['the far future', 99_999_999_999_999, /"before" is in the future; it is milliseconds/],
    ['no number of milliseconds', 1.5, /"before" must be milliseconds/],
  ])('refuses a time that is %s', async (_, before, complaint) => {
    await start();
    const { status, json } = await call('/api/v1/revocations', { body: { user: 'ada', before } });
    expect([status, JSON.stringify(json)]).toEqual([
      400,
      expect.stringMatching(complaint.source.replaceAll('"', '.*')),
    ]);
    expect(await call('/api/v1/revocations')).toMatchObject({ json: { revocations: [] } });
  });

  it.each(['/api/v1/revocations', '/api/v1/drain'])('%s requires a key without caps', async (path) => {
    await start();
    const body = { user: 'ada', node: 'n1' };
    expect(await call(path, { key: NARROW_KEY, body })).toMatchObject({ status: 403 });
    expect(await call(path, { key: await tokenFor('ada'), body })).toMatchObject({ status: 403 });
    expect(await call(path, { key: 'unknown', body })).toMatchObject({ status: 401 });
  });

  it('a node is drained by its name, and reports its name', async () => {
    const { gateway: running } = await start();
    expect((await call('/health/ready')).json).toEqual({ status: 'ok', node: 'n1' });
    expect(await call('/api/v1/drain', { body: {} })).toMatchObject({ status: 400 });
    expect(await call('/api/v1/drain', { body: { node: 'n2' } })).toMatchObject({ status: 202 });
    expect((await call('/health/ready')).status).toBe(200);
    await call('/api/v1/drain', { body: { node: 'n1' } });
    await running.stopped;
  });
});
