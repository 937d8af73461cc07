import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import type { WhyAnswer } from '../src/why/why.ts';
import type { ProtocolClient } from './support/protocol-client.ts';
import { RawSocket } from './support/raw-socket.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { SECRET, type TokenOptions, tokenFor } from './support/tokens.ts';

const KEY = 'an-API-key-that-only-tests-know';
const CHATS = 'a-key-that-manages-chats-only';

const CONFIG: ConfigInput = {
  keys: [{ secret: SECRET }],
  apiKeys: [
    { name: 'root', secret: KEY },
    { name: 'chats', secret: CHATS, caps: { 'chat:*': ['manage'] } },
  ],
  limits: { outbound: 65_536 },
  channels: {
    'chat:{room}': { allow: { '*': 'users' }, history: { count: 5_000 } },
    'short:{id}': { allow: { '*': 'users' }, history: { count: 2 } },
    'drop:{id}': { allow: { '*': 'users' }, history: true, slow: 'drop' },
    'live:{id}': { allow: { '*': 'users' } },
    'lazy:{id}': { allow: { '*': 'users' }, history: true, coalesce: '1m' },
    'own:{user}': { allow: { '*': 'owner:{user}' }, history: true },
  },
};

const NODES = ['one', 'two', 'three'] as const;
const gateways: RealGateway[] = [];
const node = (at: number): RealGateway => gateways[at % NODES.length] as RealGateway;

let url: string;
beforeAll(async () => {
  url = (await startRedis()).url;
  for (const name of NODES)
    gateways.push(await startGateway({ ...CONFIG, engine: 'redis', redis: { url }, node: name }));
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
});

const connect = async (at: number, user: string, options?: TokenOptions): Promise<ProtocolClient> =>
  (await node(at).connect(await tokenFor(user, options))).client;

/** Publishes on a node, and returns the position. */
const publish = (channel: string, data: unknown = 'x', at = 0, draft = {}) =>
  node(at).gateway.publish(channel, data as never, draft);

interface Asked {
  readonly user?: string;
  readonly connection?: string;
  readonly message?: string;
  readonly channel?: string;
  readonly offset?: number;
}

async function ask(at: number, asked: Asked, key = KEY): Promise<{ status: number; json: WhyAnswer }> {
  const query = new URLSearchParams(
    Object.entries(asked).map(([name, value]) => [name, String(value)] as [string, string]),
  );
  const response = await fetch(`${node(at).url}/api/v1/why?${query}`, { headers: { Authorization: `Bearer ${key}` } });
  return { status: response.status, json: (await response.json()) as WhyAnswer };
}

/** Far more than the kernel buffers for an unread socket. */
const FILL = 'x'.repeat(15_000);
const FLOOD = 700;

/** A client that subscribes and then does not read, until it has overflowed. */
async function stalled(at: number, user: string, channel: string): Promise<RawSocket> {
  const raw = new RawSocket(node(at).port);
  await raw.upgrade();
  const token = await tokenFor(user);
  raw.send(
    JSON.stringify([
      { type: 'connect', id: 1, token },
      { type: 'subscribe', id: 2, channel },
    ]),
  );
  await raw.until(() => raw.take().some(({ payload }) => payload.toString('utf8').includes('"live"')));
  raw.socket.pause();
  const { registry } = node(at).services;
  const isSlow = () => registry.all().some((one) => one.identity.user === user && one.connection.congested);
  for (let sent = 0; sent < FLOOD; sent++) await publish(channel, FILL, at);
  await node(at).until(isSlow);
  return raw;
}

interface Cause {
  readonly cause: string;
  /** Makes the cause happen to the user on the node, and names the message. */
  readonly inject: (user: string, at: number) => Promise<Omit<Asked, 'user'>>;
  readonly outcome: string;
  readonly connection?: object | null;
  readonly summary: RegExp;
}

const CAUSES: readonly Cause[] = [
  {
    cause: 'it was delivered by fan-out',
    async inject(user, at) {
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:fan-out' });
      const { id } = await publish('chat:fan-out');
      await client.messages('chat:fan-out', 1);
      return { message: id };
    },
    outcome: 'delivered',
    connection: { open: true, via: 'fan-out', at: expect.any(Number), unread: 0, subscription: 'chat:fan-out' },
    summary: /written to the connection on 20.*Z, at once, by fan-out/,
  },
  {
    cause: 'it was delivered by replay',
    async inject(user, at) {
      const { id } = await publish('chat:replay');
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:replay', rewind: 1 });
      await client.messages('chat:replay', 1);
      return { message: id };
    },
    outcome: 'delivered',
    connection: { via: 'replay', at: expect.any(Number) },
    summary: /by replay from the log/,
  },
  {
    cause: 'it was delivered to a connection that has closed since',
    async inject(user, at) {
      const { client, socket } = await node(at).connect(await tokenFor(user));
      await client.result({ type: 'subscribe', channel: 'chat:gone' });
      const { id } = await publish('chat:gone');
      await client.messages('chat:gone', 1);
      socket.close();
      await client.ended();
      return { message: id };
    },
    outcome: 'delivered',
    connection: { open: false, via: 'fan-out' },
    summary: /written to the connection/,
  },
  {
    cause: 'the client reads too slowly, and is behind',
    async inject(user, at) {
      await stalled(at, user, 'chat:behind');
      const { offset } = await publish('chat:behind');
      return { channel: 'chat:behind', offset };
    },
    outcome: 'behind',
    connection: { cause: 'slow_reader', by: expect.any(Number), unread: expect.any(Number) },
    summary: /because the client reads too slowly and is still behind by \d+ messages; \d+ bytes still wait/,
  },
  {
    cause: 'the rule skips messages for slow readers',
    async inject(user, at) {
      const raw = await stalled(at, user, 'drop:slow');
      const { offset } = await publish('drop:slow');
      raw.socket.resume();
      await raw.until(() => raw.take().some(({ payload }) => payload.toString('utf8').includes('"gap"')));
      return { channel: 'drop:slow', offset };
    },
    outcome: 'gap',
    connection: { reason: 'slow_reader' },
    summary: /skipped by the gap \[\d+, \d+\]: the client read too slowly, and the rule skips/,
  },
  {
    cause: 'the log no longer held it',
    async inject(user, at) {
      const { id, epoch } = await publish('short:log');
      for (let more = 0; more < 3; more++) await publish('short:log');
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'short:log', position: { epoch, offset: 0 } });
      await client.push('gap', 'short:log');
      return { message: id };
    },
    outcome: 'gap',
    connection: { reason: 'retention', from: { offset: 0 }, to: { offset: 2 } },
    summary: /gap \[1, 2\]: the log no longer held it/,
  },
  {
    cause: 'the channel keeps no history',
    async inject(user, at) {
      const first = await connect(at, user);
      const { epoch } = await first.result<{ epoch: string }>({ type: 'subscribe', channel: 'live:log' });
      const { id } = await publish('live:log');
      await first.result({ type: 'unsubscribe', channel: 'live:log' });
      const client = await connect(at, `${user}-again`);
      await client.result({ type: 'subscribe', channel: 'live:log', position: { epoch, offset: 0 } });
      await client.push('gap', 'live:log');
      return { message: id };
    },
    outcome: 'gap',
    connection: { reason: 'no_history' },
    summary: /the channel keeps no history/,
  },
  {
    cause: 'the filter excludes it',
    async inject(user, at) {
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:filter', filter: { event: 'wanted' } });
      const { id } = await publish('chat:filter', 'x', 0, { event: 'other' });
      await publish('chat:filter', 'x', 0, { event: 'wanted' });
      await client.messages('chat:filter', 1);
      return { message: id };
    },
    outcome: 'filtered',
    connection: { filter: { event: 'wanted' } },
    summary: /the filter of the subscription excludes it/,
  },
  {
    cause: 'it had expired when it was its turn',
    async inject(user, at) {
      const { epoch, offset } = await publish('chat:expired', 'x', 0, { ttl: 1 });
      await publish('chat:expired');
      const published = Date.now();
      await node(at).until(() => Date.now() > published + 1);
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:expired', position: { epoch, offset: offset - 1 } });
      await client.messages('chat:expired', 1);
      return { channel: 'chat:expired', offset };
    },
    outcome: 'expired',
    connection: { at: expect.any(Number), subscription: 'chat:expired' },
    summary: /expired on 20.*Z, before it could be sent/,
  },
  {
    cause: 'the subscription began later',
    async inject(user, at) {
      const { id } = await publish('chat:later');
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:later' });
      return { message: id };
    },
    outcome: 'subscribed_later',
    connection: { start: { offset: 1 } },
    summary: /began after offset 1, and the message has offset 1\. Subscribe with "rewind"/,
  },
  {
    cause: 'the client had unsubscribed',
    async inject(user, at) {
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:left' });
      await client.result({ type: 'unsubscribe', channel: 'chat:left' });
      const { id } = await publish('chat:left');
      return { message: id };
    },
    outcome: 'unsubscribed',
    connection: { reason: 'asked', end: { offset: 0 } },
    summary: /ended at offset 0, because the client asked for it/,
  },
  {
    cause: 'the client had lost the permission',
    async inject(user, at) {
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:lost' });
      const token = await tokenFor(user, { caps: { 'chat:lost': ['!subscribe'] } });
      await client.result({ type: 'refresh', token });
      await client.push('unsubscribed', 'chat:lost');
      const { id } = await publish('chat:lost');
      return { message: id };
    },
    outcome: 'unsubscribed',
    connection: { reason: 'permission' },
    summary: /the client lost the permission/,
  },
  {
    cause: 'the subscription was denied',
    async inject(user, at) {
      const client = await connect(at, user);
      await client.request({ type: 'subscribe', channel: 'own:somebody' });
      const { id } = await publish('own:somebody');
      return { message: id };
    },
    outcome: 'denied',
    connection: { rule: 'own:{user}' },
    summary: /denied: .*the rule "own:\{user\}" allows it to owner:\{user\}/,
  },
  {
    cause: 'the client never subscribed',
    async inject(user, at) {
      await connect(at, user);
      const { id } = await publish('chat:never');
      return { message: id };
    },
    outcome: 'never_subscribed',
    summary: /has not subscribed to the channel\. user "\w+" may subscribe to "chat:never"/,
  },
  {
    cause: 'the connection had closed',
    async inject(user, at) {
      const { client, socket } = await node(at).connect(await tokenFor(user));
      await client.result({ type: 'subscribe', channel: 'chat:closed' });
      socket.close(1000, 'bye');
      await client.ended();
      const { offset } = await publish('chat:closed');
      return { channel: 'chat:closed', offset };
    },
    outcome: 'closed',
    connection: { open: false, code: 1000 },
    summary: /the connection had closed with 1000/,
  },
  {
    cause: 'the token was revoked',
    async inject(user, at) {
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'chat:revoked' });
      await node(at).gateway.revoke({ user });
      await client.ended();
      const { id } = await publish('chat:revoked');
      return { message: id };
    },
    outcome: 'closed',
    connection: { code: 4102 },
    summary: /the connection had closed with 4102/,
  },
  {
    cause: 'it waits for the window of the rule',
    async inject(user, at) {
      const client = await connect(at, user);
      await client.result({ type: 'subscribe', channel: 'lazy:log' });
      const { id } = await publish('lazy:log', 'x', at);
      return { message: id };
    },
    outcome: 'waiting',
    summary: /"coalesce"/,
  },
  {
    cause: 'the user was offline',
    async inject() {
      const { id } = await publish('chat:nobody');
      return { message: id };
    },
    outcome: 'offline',
    connection: null,
    summary: /had no connection since 20/,
  },
];

describe('why a message was or was not delivered, asked of one of three nodes', () => {
  it.each(CAUSES.map((cause, at) => ({ ...cause, at })))('says that $cause', async (row) => {
    const { inject, at, outcome, connection = {}, summary } = row;
    const user = `user${at}`;
    const message = await inject(user, at);
    const about = message.message !== undefined && row.cause.includes('no history') ? `${user}-again` : user;
    const { status, json } = await ask(at + 1, { user: about, ...message });
    expect(status).toBe(200);
    expect(json.summary).toMatch(summary);
    expect(json).toMatchObject({ outcome, missing: [], more: 0 });
    expect(json.connections).toHaveLength(connection === null ? 0 : 1);
    if (connection !== null) expect(json.connections[0]).toMatchObject({ outcome, node: NODES[at % 3], ...connection });
  });

  it('lists every connection of the user, the best outcome first', async () => {
    const [one, two] = [await connect(0, 'both'), await connect(1, 'both')];
    await two.result({ type: 'subscribe', channel: 'chat:both' });
    const { id } = await publish('chat:both');
    await two.messages('chat:both', 1);
    const { json } = await ask(2, { user: 'both', message: id });
    expect(json.connections.map(({ node: name, outcome }) => [name, outcome])).toEqual([
      ['two', 'delivered'],
      ['one', 'never_subscribed'],
    ]);
    const { connection = '' } = json.connections[1] ?? {};
    expect((await ask(2, { connection, message: id })).json).toMatchObject({ outcome: 'never_subscribed' });
    expect(one.received.some(({ type }) => type === 'messages')).toBe(false);
  });

  it('names nodes that did not answer', async () => {
    const { id } = await publish('chat:partial');
    const broken = await startGateway({ ...CONFIG, engine: 'redis', redis: { url }, node: 'broken' });
    broken.cluster.answer('why.review', () => Promise.reject(new Error('this node is out of order')));
    const { json } = await ask(0, { user: 'anybody', message: id });
    await broken.stop();
    expect(json).toMatchObject({ outcome: 'offline', missing: ['broken'] });
    expect(json.summary).toMatch(/1 of the nodes did not answer, so this may be incomplete/);
  });
});

describe('a question about a message', () => {
  it.each<[string, Asked, number, RegExp]>([
    ['without a user', { message: 'x' }, 400, /"user" or "connection"/],
    ['with a user and a connection', { user: 'a', connection: 'b', message: 'x' }, 400, /not both/],
    ['without a message', { user: 'a' }, 400, /"message", the id of the message, or "channel" and "offset"/],
    ['with a bad channel', { user: 'a', channel: 'a b', offset: 1 }, 400, /a b/],
    ['about an unknown message', { user: 'a', message: 'none' }, 404, /Give its channel too/],
    ['about an unknown message of a channel', { user: 'a', message: 'none', channel: 'chat:x' }, 404, /newest 5000/],
    ['about an offset to come', { user: 'a', channel: 'chat:x', offset: 99 }, 404, /no message with the offset 99 yet/],
  ])('%s is refused', async (_, asked, status, message) => {
    const answer = await ask(0, asked);
    expect(answer.status).toBe(status);
    expect((answer.json as unknown as { error: { message: string } }).error.message).toMatch(message);
  });

  it('needs "manage" on the channel of the message', async () => {
    const own = await publish('own:ada');
    const chat = await publish('chat:scoped');
    expect((await ask(0, { user: 'a', channel: 'own:ada', offset: own.offset }, CHATS)).status).toBe(403);
    const [foreign, unknown] = await Promise.all(
      [own.id, 'none'].map((message) => ask(0, { user: 'a', message }, CHATS)),
    );
    expect(foreign?.status).toBe(404);
    expect(JSON.stringify(foreign), 'does not tell that it exists').toBe(
      JSON.stringify(unknown).replaceAll('none', own.id),
    );
    expect((await ask(0, { user: 'a', message: chat.id }, CHATS)).status).toBe(200);
    expect((await ask(0, { user: 'a', message: chat.id }, 'nobody')).status).toBe(401);
    const manager = await tokenFor('ada', { caps: { 'chat:*': ['manage'] } });
    expect((await ask(0, { user: 'a', message: chat.id, channel: 'chat:scoped' }, manager)).status).toBe(200);
    expect((await ask(0, { user: 'a', message: own.id, channel: 'chat:scoped' }, manager)).status).toBe(404);
    expect((await ask(0, { user: 'a', message: chat.id }, manager)).status, 'asks all nodes').toBe(403);
    const operator = await tokenFor('eve', { caps: { '**': ['manage'] } });
    expect((await ask(0, { user: 'a', message: chat.id }, operator)).status).toBe(200);
    expect((await ask(0, { user: 'a', message: own.id }, await tokenFor('ben'))).status).toBe(403);
  });

  it('finds a message in the log of its channel that no node remembers', async () => {
    const { id } = await node(0).services.log.append(
      'chat:old',
      { id: 'unseen', time: Date.now(), data: 1 },
      { retention: { count: 5_000, age: 3_600_000 }, window: 0 },
    );
    expect((await ask(1, { user: 'a', message: id })).status).toBe(404);
    expect((await ask(1, { user: 'a', message: id, channel: 'chat:old' })).json.message).toMatchObject({
      id,
      offset: 1,
    });
  });
});
