import { ERRORS } from '@sluice/protocol';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../src/auth/identity.ts';
import type { HookInput } from '../src/config/hook-options.ts';
import { parseConfig } from '../src/config/schema.ts';
import type { HookCall, HookReply } from '../src/index.ts';
import { ReplyQueue } from '../src/requests/reply-queue.ts';
import { PermissionReview } from '../src/session/permission-review.ts';
import { HeldCalls } from './support/held-calls.ts';
import type { ProtocolClient } from './support/protocol-client.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const CHANNELS = {
  'chat:{room}': {
    allow: { '*': 'users', request: 'users', respond: 'users' },
    history: true,
    presence: { grace: 0, interval: 0 },
    schedule: {},
  },
  'doc:{id}': { allow: { '*': 'users' }, history: true },
} as const;

/** A function that records its calls. */
function hook(answer: (call: HookCall) => HookReply | Promise<HookReply>) {
  const calls: HookCall[] = [];
  return {
    calls,
    ask: (call: HookCall) => {
      calls.push(call);
      return answer(call);
    },
  };
}

/** Answers that the test gives, by the payload or the channel of the question. */
class Pending {
  readonly #waiting = new Map<string, (reply: HookReply) => void>();

  readonly ask = (call: HookCall) =>
    new Promise<HookReply>((resolve) => void this.#waiting.set(String(call.data ?? call.channel), resolve));

  get names(): string[] {
    return [...this.#waiting.keys()];
  }

  answer(name: string, reply: HookReply = true): void {
    const settle = this.#waiting.get(name);
    if (settle === undefined) throw new Error(`nothing waits for "${name}"`);
    this.#waiting.delete(name);
    settle(reply);
  }
}

const mint = (world: World, user = 'ada', claims: Record<string, unknown> = {}) =>
  tokenFor(user, { claims, clock: () => world.clock.now() });

interface Started {
  readonly world: World;
  /** Lines of the log. */
  readonly lines: string[];
  readonly connect: (user?: string, claims?: Record<string, unknown>) => Promise<ProtocolClient>;
}

async function start(hooks: Record<string, HookInput>): Promise<Started> {
  const lines: string[] = [];
  const world = await createWorld(
    { channels: CHANNELS, hooks },
    { log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) },
  );
  const connect = async (user = 'ada', claims: Record<string, unknown> = {}) => {
    const { client } = await world.connect(await mint(world, user, claims));
    return client;
  };
  return { world, lines, connect };
}

const chat = { channel: 'chat:lobby' } as const;

describe('the hook "subscribe"', () => {
  it('is asked with the user, the claims and the channel, and its denial reaches the client', async () => {
    const { calls, ask } = hook(({ channel }) =>
      channel === 'chat:staff' ? { allow: false, message: 'Staff only.' } : true,
    );
    const { connect } = await start({ app: { subscribe: ask } });
    const client = await connect('ada', { plan: 'free' });
    await client.result({ type: 'subscribe', ...chat });
    await expect(client.request({ type: 'subscribe', channel: 'chat:staff' })).resolves.toMatchObject({
      error: { name: 'permission_denied', message: 'Staff only.' },
    });
    expect(calls).toEqual([
      expect.objectContaining({
        ...{ hook: 'subscribe', user: 'ada', channel: 'chat:lobby', verb: 'subscribe' },
        claims: expect.objectContaining({ plan: 'free' }),
        connection: expect.any(String),
      }),
      expect.objectContaining({ channel: 'chat:staff' }),
    ]);
  });

  it('is not asked about what the rules refuse, nor about channels of other hooks', async () => {
    const { calls, ask } = hook(() => true);
    const { connect } = await start({ app: { subscribe: ask, channels: ['doc:**'] } });
    const client = await connect();
    await client.request({ type: 'subscribe', channel: 'unknown:1' });
    await client.result({ type: 'subscribe', ...chat });
    expect(calls).toEqual([]);
  });

  it('is the one with the most specific pattern', async () => {
    const wide = hook(() => true);
    const narrow = hook(() => false);
    const { connect } = await start({
      wide: { subscribe: wide.ask },
      narrow: { subscribe: narrow.ask, channels: 'chat:staff' },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await expect(client.request({ type: 'subscribe', channel: 'chat:staff' })).resolves.toMatchObject({
      error: { message: 'the hook "narrow" does not allow "subscribe" on "chat:staff"' },
    });
    expect([wide.calls.length, narrow.calls.length]).toEqual([1, 1]);
  });

  it('is asked about the bound channel that a pattern gets its messages from, whatever other bound channels there are', async () => {
    const { calls, ask } = hook(() => false);
    const world = await createWorld({
      channels: {
        'orders:{region}:{kind}': { allow: { '*': 'users' }, history: true },
        'orders:all': { allow: { '*': 'users' }, history: true, bind: ['orders:**'] },
        audit: { allow: { subscribe: 'role:auditor' }, history: true, bind: ['orders:*:created'] },
      },
      hooks: { shop: { channels: 'orders:**', subscribe: ask } },
    });
    const { client } = await world.connect(await mint(world));
    await expect(client.request({ type: 'subscribe', channel: 'orders:*:created' })).resolves.toMatchObject({
      error: {
        name: 'permission_denied',
        message: expect.stringContaining('the hook "shop"'),
        remedy: 'The hook "shop" decides this: your backend must allow it.',
      },
    });
    expect(calls.map(({ channel }) => channel)).toEqual(['orders:*:created']);
    const { client: auditor } = await world.connect(await mint(world, 'eve', { roles: ['auditor'] }));
    await auditor.result({ type: 'subscribe', channel: 'orders:*:created' });
    expect(calls, 'no hook is responsible for "audit"').toHaveLength(1);
  });

  it('forces a filter on replay, live messages and history', async () => {
    const { calls, ask } = hook(() => ({ allow: true, filter: { tags: { team: 'red' } } }));
    const { world, connect } = await start({ app: { subscribe: ask } });
    const publish = (data: string, team: string) => world.gateway.publish('chat:lobby', data, { tags: { team } });
    await publish('old red', 'red');
    await publish('old blue', 'blue');
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat, rewind: 10 });
    await publish('new blue', 'blue');
    await publish('new red', 'red');
    const messages = await client.messages('chat:lobby', 2);
    expect(messages.map(({ data }) => data)).toEqual(['old red', 'new red']);
    await expect(client.result({ type: 'history', ...chat })).resolves.toMatchObject({
      messages: [{ data: 'old red' }, { data: 'new red' }],
    });
    expect(calls.map(({ verb }) => verb)).toEqual(['subscribe', 'history']);
  });

  it('does not keep commands on other channels waiting, and keeps the order of its own', async () => {
    const pending = new Pending();
    const { world, connect } = await start({ app: { subscribe: pending.ask, channels: 'doc:**' } });
    const client = await connect();
    const [subscribe, publish, other] = client.send(
      { type: 'subscribe', channel: 'doc:1' },
      { type: 'publish', channel: 'doc:1', data: 'after the subscription' },
      { type: 'subscribe', ...chat },
    );
    await client.wait((message) => message.type === 'reply' && message.id === other);
    expect(client.received.some((message) => 'id' in message && message.id === publish)).toBe(false);
    await world.until(() => pending.names.length === 1);
    pending.answer('doc:1');
    await client.messages('doc:1', 1);
    const replies = client.received.flatMap((message) => (message.type === 'reply' ? [message.id] : []));
    expect(replies.slice(-3)).toEqual([other, subscribe, publish]);
  });
});

describe('the hook "publish"', () => {
  it('may replace payload and tags', async () => {
    const { calls, ask } = hook(({ data }) => ({ allow: true, data: `${String(data)}!`, tags: { seen: 'yes' } }));
    const { connect } = await start({ app: { publish: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'publish', ...chat, data: 'hello', event: 'said', tags: { a: 'b' } });
    const [message] = await client.messages('chat:lobby', 1);
    expect(message).toMatchObject({ data: 'hello!', event: 'said', tags: { seen: 'yes' }, from: 'ada' });
    expect(calls[0]).toMatchObject({ data: 'hello', event: 'said', tags: { a: 'b' } });
  });

  it('may not make a payload too large', async () => {
    const { connect } = await start({ app: { publish: () => ({ allow: true, data: 'x'.repeat(65_536) }) } });
    const client = await connect();
    await expect(client.request({ type: 'publish', ...chat, data: 'small' })).resolves.toMatchObject({
      error: { name: 'payload_too_large' },
    });
  });

  it('keeps the order of a connection on a channel, whatever the order of its answers', async () => {
    const pending = new Pending();
    const { world, connect } = await start({ app: { publish: pending.ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    client.send(...['a', 'b', 'c'].map((data) => ({ type: 'publish', ...chat, data }) as const));
    await world.until(() => pending.names.length === 3);
    pending.answer('c');
    pending.answer('b', false);
    await world.idle();
    pending.answer('a');
    const messages = await client.messages('chat:lobby', 2);
    expect(messages.map(({ data }) => data)).toEqual(['a', 'c']);
  });

  it('is not asked about publishes of the program and of backends', async () => {
    const { calls, ask } = hook(() => false);
    const { world } = await start({ app: { publish: ask } });
    await expect(world.gateway.publish('chat:lobby', 'from the program')).resolves.toMatchObject({ offset: 1 });
    const by = { user: null, name: 'backend', trusted: true, claims: {}, capabilities: [] } as const;
    const messages = [{ channel: 'chat:lobby', draft: { data: 'from a backend' } }];
    await expect(world.services.door.publishAll(messages, { by, allowance: null })).resolves.toMatchObject([
      { offset: 2 },
    ]);
    expect(world.services.hooks.ask({ kind: 'publish', by, asker: {}, channel: 'chat:lobby' })).toBeNull();
    expect(calls).toEqual([]);
  });

  it('decides about scheduled messages when they are scheduled', async () => {
    const { ask } = hook(({ data }) =>
      data === 'no' ? { allow: false, message: 'No.' } : { allow: true, data: 'yes!' },
    );
    const { world, connect } = await start({ app: { publish: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await expect(client.request({ type: 'schedule', ...chat, data: 'no', delay: 10 })).resolves.toMatchObject({
      error: { name: 'permission_denied', message: 'No.' },
    });
    await client.result({ type: 'schedule', ...chat, data: 'yes', delay: 10 });
    world.clock.advance(1_000);
    const [message] = await client.messages('chat:lobby', 1);
    expect(message?.data).toBe('yes!');
  });

  it('is asked about the messages of a token over the door, in their order', async () => {
    const pending = new Pending();
    const { world } = await start({ app: { publish: pending.ask } });
    const by = { user: 'ada', claims: {}, capabilities: [] };
    const messages = ['a', 'b'].map((data) => ({ channel: 'chat:lobby', draft: { data } }));
    const outcomes = world.services.door.publishAll(messages, { by, allowance: null });
    await world.until(() => pending.names.length === 2);
    pending.answer('b');
    await world.idle();
    pending.answer('a');
    await expect(outcomes).resolves.toMatchObject([{ offset: 1 }, { offset: 2 }]);
  });
});

describe('the hook "connect"', () => {
  it('closes a connection that it denies, with its text', async () => {
    const { world } = await start({
      app: { connect: () => ({ allow: false, message: 'Your account is suspended.' }) },
    });
    const { client } = world.open();
    const answered = client.request({ type: 'connect', token: await mint(world) });
    await expect(answered).resolves.toMatchObject({
      error: { name: 'connect_denied', message: 'Your account is suspended.' },
    });
    await expect(client.ended()).resolves.toMatchObject({ code: 4213 });
  });

  it('holds commands until it has answered', async () => {
    let allow: (reply: HookReply) => void = () => {};
    const { world } = await start({ app: { connect: () => new Promise<HookReply>((resolve) => (allow = resolve)) } });
    const { client } = world.open();
    const token = await mint(world);
    const [, publish] = client.send({ type: 'connect', token }, { type: 'publish', ...chat, data: 1 });
    await world.idle();
    expect(client.received).toEqual([]);
    allow(true);
    await client.wait((message) => message.type === 'reply' && message.id === publish);
  });

  it('may take longer than connectTimeout, within its own timeout', async () => {
    const pending = new Pending();
    const { world } = await start({ app: { connect: pending.ask, timeout: '20s' } });
    const { client: slow } = world.open();
    slow.send({ type: 'connect', token: await mint(world) });
    await world.until(() => pending.names.length === 1);
    world.clock.advance(19_999);
    pending.answer('undefined', true);
    await slow.wait((message) => message.type === 'reply');
    const { client: late } = world.open();
    late.send({ type: 'connect', token: await mint(world) });
    await world.until(() => pending.names.length === 1);
    world.clock.advance(20_000);
    await expect(late.ended()).resolves.toMatchObject({ code: ERRORS.unavailable.code });
  });

  it('adds the info that members see and meta for later hooks, also after a refresh', async () => {
    const { calls, ask } = hook(() => true);
    const { world, connect } = await start({
      app: { connect: () => ({ allow: true, info: { name: 'Ada L.' }, meta: { tier: 3 } }), enter: ask },
    });
    const client = await connect('ada', { info: { name: 'from the token' } });
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.result({ type: 'enter', ...chat });
    await expect(client.result({ type: 'members', ...chat })).resolves.toMatchObject({
      members: [{ user: 'ada', info: { name: 'Ada L.' } }],
    });
    expect(calls).toMatchObject([{ hook: 'enter', meta: { tier: 3 }, claims: { info: { name: 'Ada L.' } } }]);
  });
});

describe('the hooks "enter" and "request"', () => {
  it('may deny to enter, and may set what members see', async () => {
    const { ask } = hook(({ channel, state }) =>
      channel === 'chat:full'
        ? { allow: false, message: 'The room is full.' }
        : { allow: true, info: { state: state ?? null } },
    );
    const { connect } = await start({ app: { enter: ask } });
    const client = await connect();
    await expect(client.request({ type: 'enter', channel: 'chat:full' })).resolves.toMatchObject({
      error: { message: 'The room is full.' },
    });
    await client.result({ type: 'enter', ...chat, state: 'typing' });
    await expect(client.result({ type: 'members', ...chat })).resolves.toMatchObject({
      members: [{ info: { state: 'typing' }, state: 'typing' }],
    });
  });

  it('may deny a request, and may replace its payload', async () => {
    const { ask } = hook(({ data }) => (data === 'no' ? false : { allow: true, data: { asked: data ?? null } }));
    const { world, connect } = await start({ app: { request: ask } });
    world.gateway.respond('chat:lobby', ({ data }) => ({ got: data }));
    const client = await connect();
    await expect(client.request({ type: 'request', ...chat, data: 'no' })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    await expect(client.result({ type: 'request', ...chat, data: 'yes' })).resolves.toMatchObject({
      data: { got: { asked: 'yes' } },
    });
  });
});

describe('a request over HTTP whose hook has not answered', () => {
  const ada: Identity = { user: 'ada', claims: {}, capabilities: [] };

  it('counts as unanswered, unless the hook denies it', async () => {
    const pending = new Pending();
    const world = await createWorld({
      channels: CHANNELS,
      hooks: { app: { request: pending.ask } },
      limits: { requests: 2 },
    });
    const send = (data: string) => world.services.backendRequests.send({ ...chat, data }, ada);
    const [one, two] = [send('one'), send('two')];
    await world.idle();
    expect(pending.names).toEqual(['one', 'two']);
    expect(await send('three')).toMatchObject({ error: 'too_many_requests' });
    for (const name of ['one', 'two']) pending.answer(name, false);
    expect(await Promise.all([one, two])).toMatchObject([
      { error: 'permission_denied' },
      { error: 'permission_denied' },
    ]);
    const again = send('four');
    await world.idle();
    pending.answer('four');
    expect(await again).toBeInstanceOf(ReplyQueue);
  });
});

describe('answers', () => {
  it('are remembered for their ttl, by user and channel', async () => {
    const { calls, ask } = hook(({ user }) => user === 'ada');
    const { world, connect } = await start({ app: { subscribe: ask, ttl: '1m' } });
    for (const user of ['ada', 'ada', 'bob', 'bob']) {
      const client = await connect(user);
      await client.request({ type: 'subscribe', ...chat });
    }
    expect(calls.map(({ user }) => user)).toEqual(['ada', 'bob']);
    const ada = await connect();
    await ada.result({ type: 'subscribe', channel: 'chat:other' });
    expect(calls).toHaveLength(3);
    world.clock.advance(60_000);
    const again = await connect();
    await again.result({ type: 'subscribe', ...chat });
    expect(calls).toHaveLength(4);
  });

  it('about members are remembered with their state', async () => {
    const { calls, ask } = hook(({ state }) => (state as { bad?: boolean } | undefined)?.bad !== true);
    const { connect } = await start({ app: { enter: ask, ttl: '1m', onFailure: 'cached' } });
    const client = await connect();
    await client.result({ type: 'enter', ...chat, state: { bad: false, at: 1 } });
    await client.result({ type: 'enter', ...chat, state: { at: 1, bad: false } });
    expect(calls).toHaveLength(1);
    await expect(client.request({ type: 'enter', ...chat, state: { bad: true } })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    expect(calls).toHaveLength(2);
  });

  it('are not replaced by those about another state when the hook fails', async () => {
    let isAway = false;
    const enter = () => {
      if (isAway) throw new Error('away');
      return true;
    };
    const { connect } = await start({ app: { enter, onFailure: 'cached' } });
    const client = await connect();
    await client.result({ type: 'enter', ...chat, state: 'known' });
    isAway = true;
    await client.result({ type: 'enter', ...chat, state: 'known' });
    await expect(client.request({ type: 'enter', ...chat, state: 'other' })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });

  it('may have a ttl of their own', async () => {
    const { calls, ask } = hook(() => ({ allow: true, ttl: 5_000 }));
    const { connect } = await start({ app: { subscribe: ask } });
    for (let at = 0; at < 2; at++) {
      const client = await connect();
      await client.result({ type: 'subscribe', ...chat });
    }
    expect(calls).toHaveLength(1);
  });

  it.each(['claims', 'meta'])('are only for users with the same %s', async (what) => {
    let tier = 0;
    const { calls, ask } = hook(() => true);
    const connectHook = () => ({ allow: true, meta: what === 'meta' ? tier : 0 });
    const { connect } = await start({ app: { connect: connectHook }, chats: { subscribe: ask, ttl: '1m' } });
    for (tier of [0, 0, 1, 1]) {
      const client = await connect('ada', { tier: what === 'claims' ? tier : 0 });
      await client.result({ type: 'subscribe', ...chat });
    }
    expect(calls).toHaveLength(2);
  });

  it('of publishes are never remembered', async () => {
    const { calls, ask } = hook(() => true);
    const { connect } = await start({ app: { publish: ask, ttl: '1m' } });
    const client = await connect();
    await client.result({ type: 'publish', ...chat, data: 1 });
    await client.result({ type: 'publish', ...chat, data: 1 });
    expect(calls).toHaveLength(2);
  });

  it('of publishes do not replace a hook that fails', async () => {
    let isAway = false;
    const publish = () => {
      if (isAway) throw new Error('away');
      return true;
    };
    const { connect } = await start({ app: { publish, onFailure: 'cached' } });
    const client = await connect();
    await client.result({ type: 'publish', ...chat, data: 1 });
    isAway = true;
    await expect(client.request({ type: 'publish', ...chat, data: 1 })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });
});

describe('a function', () => {
  it.each<[string, () => Promise<HookReply>]>([
    ['answers', () => Promise.resolve(true)],
    ['fails', () => Promise.reject(new Error('away'))],
  ])('has no timer after it %s', async (_, publish) => {
    const { world, connect } = await start({ app: { publish } });
    const client = await connect();
    await client.request({ type: 'publish', ...chat, data: 1 }); // the log has a timer from its first line
    const before = world.clock.running;
    await client.request({ type: 'publish', ...chat, data: 1 });
    expect(world.clock.running).toBe(before);
  });
});

describe('a reload', () => {
  it('replaces hooks that have changed, and forgets their answers', async () => {
    const { calls, ask } = hook(() => true);
    const hooks = { app: { subscribe: ask, ttl: '1h' } };
    const { world, connect } = await start(hooks);
    const client = await connect();
    const config = (next: Record<string, HookInput>) =>
      parseConfig({ keys: [{ secret: SECRET }], channels: CHANNELS, hooks: next });
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'unsubscribe', ...chat });
    await world.gateway.reload(config(hooks));
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'unsubscribe', ...chat });
    expect(calls).toHaveLength(1);
    const report = await world.gateway.reload(config({ app: { subscribe: () => false } }));
    expect(report.changes).toContain('hooks: changed "app"');
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
  });
});

describe('a recheck', () => {
  it('follows a refresh of the token: what is denied ends, and filters adapt', async () => {
    let isAllowed = true;
    const { calls, ask } = hook(({ channel }) => channel !== 'chat:lobby' || isAllowed);
    const { world, connect } = await start({ app: { subscribe: ask, ttl: '1h' } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'subscribe', channel: 'chat:other' });
    isAllowed = false;
    await client.result({ type: 'refresh', token: await mint(world) });
    expect(await client.push('unsubscribed', 'chat:lobby')).toMatchObject({ reason: 'permission' });
    expect(client.received.some((message) => message.type === 'unsubscribed' && message.channel === 'chat:other')).toBe(
      false,
    );
    expect(calls).toHaveLength(4);
    await client.request({ type: 'subscribe', ...chat });
    expect(calls, 'the answer of the recheck is remembered').toHaveLength(4);
  });

  it.each<[string, (world: World, client: ProtocolClient) => Promise<unknown>, object]>([
    ['a refresh', async (world, client) => client.result({ type: 'refresh', token: await mint(world) }), {}],
    ['a recheck', (world) => world.assembly.manage.recheck({ user: 'ada' }), { connections: 1, ended: 0 }],
  ])('replaces the filter of a subscription after %s, which does not end', async (_, change, report) => {
    let team = 'red';
    const { world, connect } = await start({
      app: { subscribe: () => ({ allow: true, filter: { tags: { team } } }) },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    team = 'blue';
    expect(await change(world, client)).toMatchObject(report);
    await world.gateway.publish('chat:lobby', 'red', { tags: { team: 'red' } });
    await world.gateway.publish('chat:lobby', 'blue', { tags: { team: 'blue' } });
    const [message] = await client.messages('chat:lobby', 1);
    expect(message?.data).toBe('blue');
  });

  it('has a hook of its own, which is also asked about members', async () => {
    const recheck = hook(({ verb }) => verb === 'subscribe');
    const { world, connect } = await start({ app: { recheck: recheck.ask, subscribe: () => true, enter: () => true } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'enter', ...chat });
    const sessions = world.services.registry.all();
    await PermissionReview.ofHooks(sessions, world.services).run();
    expect(await client.push('left', 'chat:lobby')).toMatchObject({ reason: 'permission' });
    expect(recheck.calls.map(({ hook: name, verb }) => `${name} ${verb}`)).toEqual([
      'recheck subscribe',
      'recheck enter',
    ]);
  });
});

describe('a subscription that is being opened', () => {
  const changes: [string, (world: World, client: ProtocolClient) => unknown][] = [
    ['a refresh of the token', async (world, client) => client.result({ type: 'refresh', token: await mint(world) })],
    ['a recheck', (world) => world.assembly.manage.recheck({ user: 'ada' })],
    ['nothing', () => undefined],
  ];

  it.each(changes)('is asked about again after %s', async (what, change) => {
    let isAllowed = true;
    const { calls, ask } = hook(() => isAllowed);
    const { world, connect } = await start({ app: { subscribe: ask } });
    const client = await connect();
    const held = new HeldCalls().hold(world.assembly.engine.log, 'read');
    const [id] = client.send({ type: 'subscribe', ...chat });
    await world.until(() => held.waiting.length > 0);
    isAllowed = false;
    await change(world, client);
    held.release();
    await client.wait((message) => message.type === 'reply' && message.id === id);
    await world.idle();
    const isEnded = what !== 'nothing';
    expect(client.received.some(({ type }) => type === 'unsubscribed')).toBe(isEnded);
    expect(calls).toHaveLength(isEnded ? 2 : 1);
  });
});

describe('what is remembered, after a recheck', () => {
  const HOUR = 3_600_000;

  it('is not the permission that it has denied, although the denial has no ttl', async () => {
    let reply: HookReply = { allow: true, ttl: HOUR };
    const { calls, ask } = hook(() => reply);
    const { world, connect } = await start({ app: { subscribe: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    reply = { allow: false };
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.push('unsubscribed', 'chat:lobby');
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    expect(calls).toHaveLength(3);
  });

  it('is not the permission of another hook, nor that to read the history', async () => {
    let isAllowed = true;
    const { calls, ask } = hook(() => ({ allow: isAllowed, ttl: HOUR }));
    const { world, connect } = await start({
      app: { subscribe: ask },
      again: { recheck: () => ({ allow: isAllowed }) },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'history', ...chat });
    isAllowed = false;
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.push('unsubscribed', 'chat:lobby');
    for (const type of ['subscribe', 'history'] as const) {
      await expect(client.request({ type, ...chat })).resolves.toMatchObject({ error: { name: 'permission_denied' } });
    }
    expect(calls.map(({ verb }) => verb)).toEqual(['subscribe', 'history', 'subscribe', 'history']);
  });

  it('is not the permission that it has denied, although the hook of the operation fails', async () => {
    let isAway = false;
    const subscribe = () => {
      if (isAway) throw new Error('away');
      return true;
    };
    const { world, connect } = await start({
      app: { subscribe, onFailure: 'cached' },
      again: { recheck: () => false },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    isAway = true;
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.push('unsubscribed', 'chat:lobby');
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });

  it('is nothing about a user who was not connected, except for other channels', async () => {
    const { calls, ask } = hook(() => ({ allow: true, ttl: HOUR }));
    const { world, connect } = await start({ app: { connect: ask, subscribe: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'subscribe', channel: 'doc:1' });
    const leave = async () => {
      await world.assembly.manage.disconnect({ user: 'ada' });
      await world.until(() => world.services.registry.users.of('ada') === 0);
    };
    await leave();
    const again = async () => {
      const before = calls.length;
      const next = await connect();
      await next.result({ type: 'subscribe', ...chat });
      await next.result({ type: 'subscribe', channel: 'doc:1' });
      await leave();
      return calls.slice(before).map(({ channel }) => channel ?? 'connect');
    };
    expect(await again()).toEqual([]);
    await world.assembly.manage.recheck({ user: 'ada', pattern: 'chat:**' });
    expect(await again()).toEqual(['chat:lobby']);
    await world.assembly.manage.recheck({ user: 'ada' });
    expect(await again()).toEqual(['connect', 'chat:lobby', 'doc:1']);
  });

  it.each(['a recheck', 'a reload'])('is no answer that was on its way at the time of %s', async (what) => {
    const pending = new Pending();
    const app = { subscribe: pending.ask, ttl: '1h' };
    const { hooks } = parseConfig({ channels: CHANNELS, hooks: { app }, keys: [{ secret: SECRET }] });
    const { world, connect } = await start({ app });
    const client = await connect();
    const answered = client.request({ type: 'subscribe', ...chat });
    await world.until(() => pending.names.length === 1);
    if (what === 'a recheck') await world.assembly.manage.recheck({ user: 'ada' });
    else world.services.hooks.replace(hooks);
    pending.answer('chat:lobby', true);
    await world.idle();
    expect(pending.names, 'asked again').toEqual(['chat:lobby']);
    pending.answer('chat:lobby', false);
    await expect(answered).resolves.toMatchObject({ error: { name: 'permission_denied' } });
  });
});

describe('a hook that fails', () => {
  const FAILURES: [string, (call: HookCall) => unknown, string][] = [
    [
      'throws',
      () => {
        throw new Error('the database is away');
      },
      'invalid',
    ],
    ['rejects', () => Promise.reject(new Error('the database is away')), 'invalid'],
    ['returns nothing', () => undefined, 'invalid'],
    ['returns an unknown field', () => ({ allow: true, alow: 1 }), 'invalid'],
    ['returns an invalid filter', () => ({ allow: true, filter: { tag: 1 } }), 'invalid'],
    ['returns a filter for a ttl', () => ({ allow: true, ttl: -1 }), 'invalid'],
  ];

  it.each(FAILURES)('because it %s: the operation is refused, and may be tried again', async (_, answer, failure) => {
    const { connect, lines } = await start({ app: { subscribe: answer as never } });
    const client = await connect();
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'unavailable', message: `the hook "app" gave no answer (${failure})`, retryable: true },
    });
    expect(lines.join('')).toContain('a hook failed');
  });

  it('because it is slow: the operation is refused after its timeout', async () => {
    const { world, connect } = await start({ app: { subscribe: () => new Promise<never>(() => {}), timeout: '2s' } });
    const client = await connect();
    const answered = client.request({ type: 'subscribe', ...chat });
    await world.idle();
    world.clock.advance(1_999);
    await world.idle();
    expect(client.received.filter((message) => message.type === 'error')).toEqual([]);
    world.clock.advance(1);
    await expect(answered).resolves.toMatchObject({ error: { message: 'the hook "app" gave no answer (timeout)' } });
  });

  it('allows the operation with onFailure: allow', async () => {
    const { connect } = await start({ app: { publish: () => Promise.reject(new Error('away')), onFailure: 'allow' } });
    const client = await connect();
    await client.result({ type: 'publish', ...chat, data: 1 });
  });

  it('is replaced by its last answer with onFailure: cached', async () => {
    let isAway = false;
    const { connect } = await start({
      app: {
        subscribe: ({ channel }) => {
          if (isAway) throw new Error('away');
          return channel !== 'chat:staff';
        },
        onFailure: 'cached',
      },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.request({ type: 'subscribe', channel: 'chat:staff' });
    isAway = true;
    const again = await connect();
    await again.result({ type: 'subscribe', ...chat });
    await expect(again.request({ type: 'subscribe', channel: 'chat:staff' })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    await expect(again.request({ type: 'subscribe', channel: 'chat:never-asked' })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });
});
