import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../src/engine/engine.ts';
import type { Events } from '../src/events.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const MINUTE = 60_000;

const token = (world: World, user = 'ada', options: Parameters<typeof tokenFor>[1] = {}) =>
  tokenFor(user, { clock: () => world.clock.now(), ...options });

describe('connect', () => {
  it('returns the user and the node', async () => {
    const world = await createWorld();
    const { client } = world.open();
    expect(await client.result({ type: 'connect', token: await token(world, 'ada', { expiresIn: MINUTE }) })).toEqual({
      connection: 'c1',
      user: 'ada',
      time: world.clock.now(),
      expiresAt: world.clock.now() + MINUTE,
      heartbeat: 25_000,
      maxFrame: 131_072,
    });
  });

  it('without a token is anonymous if the configuration allows it', async () => {
    const world = await createWorld({ anonymous: true });
    const { client } = await world.connect(undefined);
    expect(await client.request({ type: 'subscribe', channel: 'news:a' })).toMatchObject({ type: 'reply' });
    expect(await client.request({ type: 'publish', channel: 'news:a', data: 1 })).toMatchObject({
      error: {
        name: 'permission_denied',
        message:
          '"publish" on "news:a" is not allowed to an anonymous connection: the rule "news:{topic}" allows it to users',
      },
    });
  });
});

describe('a token that will expire', () => {
  it('is requested again in its last fifth, at most a minute before it expires, and closes the connection when it expires', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await token(world, 'ada', { expiresIn: 100_000 }));
    const expiresAt = world.clock.now() + 100_000;
    world.clock.advance(79_999);
    await world.idle();
    expect(client.received.some(({ type }) => type === 'refresh')).toBe(false);
    world.clock.advance(1);
    expect(await client.push('refresh')).toEqual({ type: 'refresh', expiresAt });
    world.clock.advance(20_000 + 9_999);
    await world.idle();
    expect(world.services.registry.size).toBe(1);
    world.clock.advance(1);
    expect(await client.ended()).toEqual({ code: 4100, reason: expect.stringMatching(/^token_expired: ./) });
  });

  it('is requested again a minute before it expires if it is long-lived', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await token(world, 'ada', { expiresIn: 60 * MINUTE }));
    world.clock.advance(59 * MINUTE - 1);
    await world.idle();
    expect(client.received).toHaveLength(1);
    world.clock.advance(1);
    await client.push('refresh');
  });

  it('is replaced by a new one', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await token(world, 'ada', { expiresIn: MINUTE }));
    const timers = world.clock.running;
    world.clock.advance(50_000);
    await client.push('refresh');
    const next = await token(world, 'ada', { expiresIn: 10 * MINUTE });
    expect(await client.result({ type: 'refresh', token: next })).toEqual({
      time: world.clock.now(),
      expiresAt: world.clock.now() + 10 * MINUTE,
    });
    expect(world.clock.running).toBe(timers);
    world.clock.advance(5 * MINUTE);
    expect(await client.request({ type: 'ping' })).toMatchObject({ type: 'reply' });
  });
});

describe('refresh', () => {
  it('ends the subscriptions that the new token does not allow, and keeps the others', async () => {
    const world = await createWorld({ channels: { 'room:{id}': { allow: { subscribe: 'claim:rooms:{id}' } } } });
    const { client } = await world.connect(await token(world, 'ada', { claims: { rooms: ['a', 'b'] } }));
    for (const id of ['a', 'b']) await client.result({ type: 'subscribe', channel: `room:${id}` });
    await client.result({ type: 'refresh', token: await token(world, 'ada', { claims: { rooms: ['b'] } }) });
    expect(await client.push('unsubscribed')).toEqual({
      type: 'unsubscribed',
      channel: 'room:a',
      reason: 'permission',
      message: expect.stringContaining('is not allowed to user "ada"'),
    });
    await world.gateway.publish('room:a', 1);
    await world.gateway.publish('room:b', 2);
    await client.messages('room:b', 1);
    expect(client.received.filter(({ type }) => type === 'messages')).toHaveLength(1);
    expect(await client.request({ type: 'subscribe', channel: 'room:a' })).toMatchObject({
      error: { name: 'permission_denied' },
    });
    expect(world.services.hub.size).toBe(1);
  });

  it('of an anonymous connection does not make it a user', async () => {
    const world = await createWorld({ anonymous: true });
    const { client } = await world.connect(undefined);
    expect(await client.request({ type: 'refresh', token: await token(world) })).toMatchObject({
      error: { name: 'user_changed' },
    });
  });
});

describe('publish', () => {
  it('keeps the order of one connection, and answers each command', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await token(world));
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    const data = Array.from({ length: 300 }, (_, at) => at);
    const ids = client.send(...data.map((n) => ({ type: 'publish', channel: 'chat:a', data: n }) as const));
    const messages = await client.messages('chat:a', 300);
    expect(messages.map((message) => message.data)).toEqual(data);
    const answers = client.received.filter((message) => message.type === 'reply' && ids.includes(message.id));
    expect(answers.map((answer) => (answer.type === 'reply' ? answer.result : {}))).toMatchObject(
      data.map((n) => ({ offset: n + 1 })),
    );
  });

  it('with a key appends once for its user, and again for another', async () => {
    const world = await createWorld();
    const [ada, again, ben] = [
      await world.connect(await token(world)),
      await world.connect(await token(world)),
      await world.connect(await token(world, 'ben')),
    ];
    const publish = { type: 'publish', channel: 'chat:a', data: 1, key: 'k' } as const;
    const first = await ada.client.result(publish);
    expect(await again.client.result(publish)).toEqual(first);
    expect(await ben.client.result(publish)).toMatchObject({ offset: 2 });
    world.clock.advance(5 * MINUTE);
    expect(await ada.client.result(publish)).toMatchObject({ offset: 3 });
  });

  it.each([
    ['a b', 'c', 'a', 'b c'],
    ['a', '1 b', 'a 1', 'b'],
    ['1 a', 'k', 'a', 'k'],
  ])('of user %j with key %j is not that of user %j with key %j', async (user, key, other, otherKey) => {
    const world = await createWorld();
    const [one, two] = [await world.connect(await token(world, user)), await world.connect(await token(world, other))];
    const publish = { type: 'publish', channel: 'chat:a', data: 1 } as const;
    expect(await one.client.result({ ...publish, key })).toMatchObject({ offset: 1 });
    expect(await two.client.result({ ...publish, key: otherKey })).toMatchObject({ offset: 2 });
  });

  it('names its user if the rule requires it', async () => {
    const channels = {
      named: { allow: { '*': 'users' }, history: true },
      quiet: { allow: { '*': 'users' }, history: true, from: false },
    } as const;
    const world = await createWorld({ channels });
    const { client } = await world.connect(await token(world));
    for (const channel of ['named', 'quiet']) {
      await client.result({ type: 'publish', channel, data: 1 });
      await client.result({ type: 'subscribe', channel, rewind: 1 });
    }
    expect(await client.messages('named', 1)).toMatchObject([{ from: 'ada' }]);
    expect((await client.messages('quiet', 1))[0]).not.toHaveProperty('from');
  });

  it('by the embedding program respects the limits', async () => {
    const world = await createWorld();
    expect(await world.gateway.publish('chat:a', { n: 1 }, { event: 'e', key: 'k' })).toMatchObject({ offset: 1 });
    await expect(world.gateway.publish('a b', 1)).rejects.toMatchObject({ name: 'channel_invalid', code: 4304 });
    await expect(world.gateway.publish('nowhere', 1)).rejects.toMatchObject({ name: 'channel_unknown' });
    await expect(world.gateway.publish('chat:a', Number.NaN)).rejects.toMatchObject({ name: 'payload_invalid' });
    await expect(world.gateway.publish('chat:a', 'x'.repeat(70_000))).rejects.toMatchObject({
      name: 'payload_too_large',
    });
    await expect(world.gateway.publish('chat:a', 1, { key: '' })).rejects.toMatchObject({ name: 'command_invalid' });
  });
});

describe('an unavailable engine', () => {
  it('refuses a publish, which may be retried a second later', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    world.services.log.append = () => Promise.reject(new EngineUnavailable('the engine is away'));
    expect(await client.request({ type: 'publish', channel: 'chat:a', data: 1 })).toMatchObject({
      error: { name: 'unavailable', message: 'the engine is away', retryable: true, retryAfter: 1_000 },
    });
  });
});

describe('unsubscribe', () => {
  it('ends all pushes of a channel', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await token(world));
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    client.send(
      { type: 'publish', channel: 'chat:a', data: 1 },
      { type: 'unsubscribe', channel: 'chat:a' },
      { type: 'publish', channel: 'chat:a', data: 2 },
    );
    await client.result({ type: 'ping' });
    await world.idle();
    const unsubscribed = client.received.findIndex((message) => message.type === 'reply' && message.id === 4);
    expect(client.received.slice(unsubscribed).filter(({ type }) => type === 'messages')).toEqual([]);
    expect(world.services.hub.size).toBe(0);
  });

  it('and subscribe within one frame begin a new subscription', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await token(world));
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    for (const data of [1, 2, 3]) await client.result({ type: 'publish', channel: 'chat:a', data });
    await client.messages('chat:a', 3);
    client.send({ type: 'unsubscribe', channel: 'chat:a' }, { type: 'subscribe', channel: 'chat:a', rewind: 2 });
    expect((await client.messages('chat:a', 5)).map(({ offset }) => offset)).toEqual([1, 2, 3, 2, 3]);
  });
});

describe('an internal error', () => {
  it('is reported as "internal", and affects no other command', async () => {
    const world = await createWorld();
    const { client } = await world.connect(await token(world));
    const faults: Events['fault'][] = [];
    world.services.events.on('fault', (fault) => faults.push(fault));
    const { rules } = world.services;
    const match = rules.match.bind(rules);
    rules.match = (channel) => {
      if (channel === 'chat:bad') throw new Error('boom with the secret');
      return match(channel);
    };
    const answer = await client.request({ type: 'subscribe', channel: 'chat:bad' });
    expect(answer).toMatchObject({ error: { name: 'internal', retryable: true } });
    expect(JSON.stringify(answer)).not.toContain('boom');
    expect(faults).toMatchObject([{ where: 'command "subscribe"' }]);
    await client.result({ type: 'subscribe', channel: 'chat:good' });
  });
});
