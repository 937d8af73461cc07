import type { Delivery, ErrorName } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { LoopbackStream } from '../src/transport/loopback-stream.ts';
import { tokenFor } from './support/tokens.ts';
import { connectWorker, enqueue } from './support/worker.ts';
import { createWorld, type World } from './support/world.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const NARROW_KEY = 'one-that-may-consume-only-mail';
const ALLOW = { consume: 'role:worker' } as const;

const start = () =>
  createWorld({
    channels: {
      'jobs:{kind}': { allow: ALLOW, queue: { backoff: [], maxDeliveries: 2 } },
      'mail:{kind}': { allow: ALLOW, queue: true },
      wide: { allow: ALLOW, queue: { deadLetter: 'narrow' } },
      narrow: { maxPayload: 10, history: true },
      short: { allow: ALLOW, history: { count: 4 }, groups: { billing: {} } },
      orders: { allow: ALLOW, history: true, groups: { billing: {}, 'user-{sub}': {} } },
      'chat:{room}': { allow: { '*': 'users' }, history: true },
    },
    apiKeys: [
      { name: 'backend', secret: API_KEY },
      { name: 'narrow', secret: NARROW_KEY, caps: { 'mail:*': ['consume'] } },
    ],
  });

interface Body {
  readonly error?: { readonly name: ErrorName; readonly message: string };
  readonly deliveries?: readonly Delivery[];
  readonly [field: string]: unknown;
}

/** Calls a route of a group, by default of the queue `jobs:a`. */
async function call(
  world: World,
  route: string,
  body?: unknown,
  { group = 'jobs:a/groups/queue', key = API_KEY, query = '' } = {},
): Promise<{ status: number; body: Body }> {
  const [method, name = ''] = route.split(' ');
  const reply = await world.transport.request({
    ...{ method: method ?? 'GET', path: `/api/v1/channels/${group}${name === '' ? '' : `/${name}`}`, query },
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body }),
  });
  const text = reply.stream === undefined ? String(reply.body) : new LoopbackStream(reply).take();
  return { status: reply.status, body: JSON.parse(text) as Body };
}

const lease = async (world: World, body: object = {}) => {
  const { body: answer } = await call(world, 'POST lease', body);
  return answer.deliveries ?? [];
};

describe('a lease over HTTP', () => {
  it('claims messages that are acknowledged by their ids', async () => {
    const world = await start();
    const { epoch } = await world.gateway.publish('jobs:a', { file: 'cat.jpg' });
    await enqueue(world, 'jobs:a', 2);
    const { body } = await call(world, 'POST lease', { max: 2 });
    expect(body).toMatchObject({ group: 'queue', epoch });
    const [one, two] = body.deliveries ?? [];
    expect(one).toEqual({
      ...{ id: expect.any(String), attempt: 1, deadline: world.clock.now() + 30_000 },
      message: { id: expect.any(String), offset: 1, time: world.clock.now(), data: { file: 'cat.jpg' } },
    });
    expect(await call(world, 'POST ack', { deliveries: [one?.id] })).toEqual({ status: 200, body: {} });
    expect(await call(world, 'POST extend', { deliveries: [two?.id] })).toMatchObject({
      body: { deadline: world.clock.now() + 30_000 },
    });
    expect(await call(world, 'POST nack', { deliveries: [two?.id, one?.id], delay: 0 })).toMatchObject({
      body: { expired: [one?.id] },
    });
    expect((await lease(world)).map(({ message }) => message.offset)).toEqual([2, 3]);
  });

  it('waits for a message', async () => {
    const world = await start();
    const stream = await world.transport.stream({
      ...{ method: 'POST', path: '/api/v1/channels/jobs:a/groups/queue/lease' },
      ...{ headers: { authorization: `Bearer ${API_KEY}` }, body: { wait: 30_000 } },
    });
    world.clock.advance(20_000);
    expect(stream.ended).toBe(false);
    await enqueue(world, 'jobs:a', 1);
    await world.until(() => stream.ended);
    const text = stream.take();
    expect(stream.reply).toMatchObject({ status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' } });
    expect(text).toMatch(/^ {3}\{/); // signs of life
    expect(JSON.parse(text)).toMatchObject({ group: 'queue', deliveries: [{ message: { data: 1 } }] });
  });

  it('ends without a message when the time is over, and takes none later', async () => {
    const world = await start();
    const stream = await world.transport.stream({
      ...{ method: 'POST', path: '/api/v1/channels/jobs:a/groups/queue/lease' },
      ...{ headers: { authorization: `Bearer ${API_KEY}` }, body: { wait: 1_000 } },
    });
    world.clock.advance(1_000);
    await world.until(() => stream.ended);
    expect(JSON.parse(stream.take())).toEqual({ group: 'queue', deliveries: [] });
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    expect(await lease(world)).toMatchObject([{ attempt: 1 }]);
  });

  it('takes no message if its client has disconnected', async () => {
    const world = await start();
    const stream = await world.transport.stream({
      ...{ method: 'POST', path: '/api/v1/channels/jobs:a/groups/queue/lease' },
      ...{ headers: { authorization: `Bearer ${API_KEY}` }, body: { wait: 30_000 } },
    });
    stream.cut();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    expect(await lease(world)).toMatchObject([{ attempt: 1 }]);
  });

  it('tells once which messages the history dropped before the group had settled them', async () => {
    const world = await start();
    const group = { group: 'short/groups/billing' };
    await enqueue(world, 'short', 1);
    const { body } = await call(world, 'POST lease', {}, group);
    expect(body).not.toHaveProperty('gaps');
    await enqueue(world, 'short', 8);
    await call(world, 'POST ack', { deliveries: [body.deliveries?.[0]?.id] }, group);
    const { epoch } = body;
    const late = await call(world, 'POST lease', { max: 1 }, group);
    expect(late.body.gaps).toEqual([{ from: { epoch, offset: 1 }, to: { epoch, offset: 5 }, reason: 'retention' }]);
    expect(late.body.deliveries).toMatchObject([{ message: { offset: 6 } }]);
    expect((await call(world, 'POST lease', {}, group)).body).not.toHaveProperty('gaps');
  });

  it('tells it to a request that waits', async () => {
    const world = await start();
    await call(world, 'POST lease', {}, { group: 'short/groups/billing' });
    const stream = await world.transport.stream({
      ...{ method: 'POST', path: '/api/v1/channels/short/groups/billing/lease' },
      ...{ headers: { authorization: `Bearer ${API_KEY}` }, body: { wait: 30_000 } },
    });
    await Promise.all(Array.from({ length: 8 }, (_, index) => world.gateway.publish('short', index)));
    await world.until(() => stream.ended);
    expect(JSON.parse(stream.take())).toMatchObject({
      gaps: [{ from: { offset: 0 }, to: { offset: 4 }, reason: 'retention' }],
      deliveries: [{ message: { offset: 5 } }, {}, {}, {}],
    });
  });

  it('shares the messages with connections', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume({ prefetch: 1 });
    await enqueue(world, 'jobs:a', 2);
    await world.idle();
    expect(worker.data).toEqual([1]);
    const [delivery] = await lease(world);
    expect(delivery?.message.data).toBe(2);
    expect(await worker.ack(delivery as Delivery)).toEqual({});
  });
});

describe('the administration of a group', () => {
  it('shows its numbers', async () => {
    const world = await start();
    const { epoch } = await world.gateway.publish('jobs:a', 0);
    await enqueue(world, 'jobs:a', 4);
    const [one, two] = await lease(world, { max: 3 });
    await call(world, 'POST nack', { deliveries: [one?.id], delay: 5_000 });
    await call(world, 'POST nack', { deliveries: [two?.id], dead: true });
    world.clock.advance(700);
    expect(await call(world, 'GET ')).toEqual({
      status: 200,
      body: {
        ...{ group: 'queue', epoch, floor: 0, head: 5, ready: 2, inFlight: 1, delayed: 1, dead: 1 },
        oldestAge: 700,
      },
    });
  });

  it('lists dead letters by page, delivers them again, and discards them', async () => {
    const world = await start();
    await enqueue(world, 'jobs:a', 3);
    const deliveries = (await lease(world)).map(({ id }) => id);
    await call(world, 'POST nack', { deliveries, dead: true, reason: 'broken' });
    const first = await call(world, 'GET dead', undefined, { query: 'limit=2' });
    expect(first.body).toMatchObject({
      ...{ total: 3, next: 2 },
      letters: [
        { ordinal: 1, reason: 'rejected', error: 'broken', deliveries: 1, message: { offset: 1, data: 1 } },
        { ordinal: 2, message: { offset: 2 } },
      ],
    });
    const second = await call(world, 'GET dead', undefined, { query: 'limit=2&after=2' });
    expect(second.body).toMatchObject({ total: 3, letters: [{ ordinal: 3 }] });
    expect(second.body).not.toHaveProperty('next');
    expect((await call(world, 'POST discard', { ordinals: [1, 1, 9] })).body).toEqual({ discarded: 1 });
    expect((await call(world, 'POST redrive', { ordinals: [2] })).body).toEqual({ redriven: 1 });
    expect((await call(world, 'POST redrive')).body).toEqual({ redriven: 1 });
    expect((await lease(world)).map(({ message, attempt }) => [message.offset, attempt])).toEqual([
      [2, 1],
      [3, 1],
    ]);
  });

  it('says why the channel for dead letters does not accept one', async () => {
    const world = await start();
    const group = 'wide/groups/queue';
    await world.gateway.publish('wide', 'more than ten bytes');
    const [delivery] = (await call(world, 'POST lease', {}, { group })).body.deliveries ?? [];
    await call(world, 'POST nack', { deliveries: [delivery?.id], dead: true }, { group });
    await world.idle();
    expect((await call(world, 'GET dead', undefined, { group })).body).toMatchObject({
      total: 1,
      letters: [{ ordinal: 1, refused: { error: 'payload_too_large', detail: expect.stringContaining('10') } }],
    });
  });

  it('moves a group to an offset, or a time', async () => {
    const world = await start();
    const group = 'orders/groups/billing';
    for (let n = 0; n < 3; n++) {
      await enqueue(world, 'orders', 1);
      world.clock.advance(1_000);
    }
    const claimed = async () =>
      ((await call(world, 'POST lease', {}, { group })).body.deliveries ?? []).map(({ message }) => message.offset);
    expect(await claimed()).toEqual([1, 2, 3]);
    expect((await call(world, 'POST seek', { offset: 1 }, { group })).body).toMatchObject({ offset: 1 });
    expect(await claimed()).toEqual([2, 3]);
    await call(world, 'POST seek', { time: world.clock.now() - 1_000 }, { group });
    expect(await claimed()).toEqual([3]);
  });

  it('reaches the group of any user', async () => {
    const world = await start();
    await enqueue(world, 'orders', 1);
    const group = 'orders/groups/user-ada';
    expect((await call(world, 'POST lease', {}, { group })).body.deliveries).toHaveLength(1);
    expect((await call(world, 'GET ', undefined, { group })).body).toMatchObject({ inFlight: 1 });
  });
});

describe('the group of a user', () => {
  it('is named with the escaped user', async () => {
    const world = await start();
    await enqueue(world, 'orders', 1);
    const { body } = await call(world, 'POST lease', {}, { group: 'orders/groups/user-a~20b' });
    expect(body.deliveries).toHaveLength(1);
  });
});

describe('requests about groups are refused:', () => {
  const JOBS = 'jobs:a/groups/queue';

  it.each<[string, string, unknown, { group?: string; key?: string; query?: string }, number, ErrorName, RegExp]>([
    ['without a key', 'POST lease', {}, { key: 'x' }, 401, 'unauthorized', /./],
    [
      'a key without the verb',
      'POST lease',
      {},
      { key: NARROW_KEY },
      403,
      'permission_denied',
      /"consume" on "jobs:a"/,
    ],
    [
      'a key that may only consume',
      'POST redrive',
      {},
      { key: NARROW_KEY, group: 'mail:a/groups/queue' },
      403,
      'permission_denied',
      /"manage"/,
    ],
    ['an unknown channel', 'POST lease', {}, { group: 'nowhere/groups/queue' }, 404, 'channel_unknown', /nowhere/],
    [
      'an unknown group',
      'GET ',
      undefined,
      { group: 'jobs:a/groups/other' },
      404,
      'group_unknown',
      /its groups are "queue"/,
    ],
    [
      'no group at all',
      'GET ',
      undefined,
      { group: 'chat:a/groups/queue' },
      404,
      'group_unknown',
      /no consumer groups/,
    ],
    [
      'a group per user without the user',
      'POST lease',
      {},
      { group: 'orders/groups/user-%7Bsub%7D' },
      403,
      'permission_denied',
      /another user/,
    ],
    [
      'the group of a user whose name is not escaped',
      'POST lease',
      {},
      { group: 'orders/groups/user-a%20b' },
      404,
      'group_unknown',
      /no group of this name\. Characters that .* escaped: "user-a~20b"/,
    ],
    [
      'a group with a control character',
      'GET ',
      undefined,
      { group: 'orders/groups/user-%00' },
      404,
      'group_unknown',
      /"user-~00"/,
    ],
    [
      'a group with a needless escape',
      'POST lease',
      {},
      { group: 'orders/groups/user-~41' },
      404,
      'group_unknown',
      /./,
    ],
    ['a max of 0', 'POST lease', { max: 0 }, {}, 400, 'command_invalid', /"max" must be an integer from 1 to 1000/],
    [
      'a wait that is too long',
      'POST lease',
      { wait: 30_001 },
      {},
      400,
      'command_invalid',
      /"wait" must be an integer from 0 to 30000/,
    ],
    [
      'an unknown field',
      'POST lease',
      { limit: 1 },
      {},
      400,
      'command_invalid',
      /unknown field "limit"; the fields are max, wait/,
    ],
    ['a list as a body', 'POST lease', [1], {}, 400, 'command_invalid', /must be an object/],
    ['no deliveries', 'POST ack', {}, {}, 400, 'command_invalid', /"deliveries" must be an array/],
    [
      'a delivery that is not in flight',
      'POST ack',
      { deliveries: ['x'] },
      {},
      409,
      'delivery_expired',
      /none of the deliveries of "jobs:a"/,
    ],
    ['a wrong delay', 'POST nack', { deliveries: ['x'], delay: 'soon' }, {}, 400, 'command_invalid', /"delay"/],
    ['a limit of 0', 'GET dead', undefined, { query: 'limit=0' }, 400, 'command_invalid', /"limit"/],
    [
      'ordinals that are no numbers',
      'POST redrive',
      { ordinals: ['1'] },
      {},
      400,
      'command_invalid',
      /"ordinals" must be a list/,
    ],
    ['a discard of nothing', 'POST discard', {}, {}, 400, 'command_invalid', /"ordinals" must be a list/],
    ['a seek to nowhere', 'POST seek', {}, {}, 400, 'command_invalid', /give "offset"/],
    ['a seek to two places', 'POST seek', { offset: 1, time: 1 }, {}, 400, 'command_invalid', /give "offset"/],
    [
      'a seek to a time in seconds',
      'POST seek',
      { time: 1_763_683_200 },
      {},
      400,
      'command_invalid',
      /Multiply seconds/,
    ],
    [
      'a seek to the far future',
      'POST seek',
      { time: 99_999_999_999_999 },
      {},
      400,
      'command_invalid',
      /in the future/,
    ],
    ['a seek to no time', 'POST seek', { time: 'now' }, {}, 400, 'command_invalid', /"time" must be milliseconds/],
    ['a seek to a text', 'POST seek', { offset: 'start' }, {}, 400, 'command_invalid', /"offset" must be an integer/],
  ])('%s', async (_, route, body, { group = JOBS, ...options }, status, name, message) => {
    const world = await start();
    const answer = await call(world, route, body, { group, ...options });
    expect(answer).toMatchObject({ status, body: { error: { name, message: expect.stringMatching(message) } } });
  });

  it("a user's token: users consume over their connection", async () => {
    const world = await start();
    const key = await tokenFor('worker', { clock: () => world.clock.now(), claims: { role: 'worker' } });
    for (const route of ['POST lease', 'POST ack']) {
      expect(await call(world, route, {}, { key })).toMatchObject({
        ...{ status: 403, body: { error: { name: 'permission_denied', message: expect.stringMatching(/API key/) } } },
      });
    }
  });
});
