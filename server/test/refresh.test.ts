import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import type { Events } from '../src/events.ts';
import { STEPS } from '../src/session/permission-review.ts';
import { HeldCalls } from './support/held-calls.ts';
import { type TokenOptions, tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const CHANNELS: ConfigInput['channels'] = {
  'room:{id}': { allow: { '*': ['role:member', 'claim:rooms:{id}'] }, history: { count: 100 } },
};
const MEMBER = { role: 'member', info: { name: 'Ada', about: 'x'.repeat(800) } };

const start = (config: ConfigInput = {}) => createWorld({ channels: CHANNELS, ...config });
/** Timers of a gateway without connections. */
const IDLE_TIMERS = 2;
const mint = (world: World, claims: Record<string, unknown> = MEMBER, options: TokenOptions = {}) =>
  tokenFor('ada', { claims, clock: () => world.clock.now(), ...options });
const join = async (world: World, claims?: Record<string, unknown>) => world.connect(await mint(world, claims));

const EVERYTHING = ['subscribe', 'watch', 'enter'] as const;

/** Subscribes to, watches and enters `count` channels. */
async function holdAll(world: World, { client }: LoopbackPeer, count: number): Promise<void> {
  for (let n = 0; n < count; n++) client.send(...EVERYTHING.map((type) => ({ type, channel: `room:${n}` })));
  await world.idle();
}

/** Counts the calls of these methods from now on. */
function countWork({ services, assembly }: World) {
  const decisions = vi.spyOn(services.rules, 'match');
  const entered = vi.spyOn(assembly.engine.presence, 'enter');
  const left = vi.spyOn(assembly.engine.presence, 'leave');
  const work = () => ({
    decisions: decisions.mock.calls.length,
    entered: entered.mock.calls.length,
    left: left.mock.calls.length,
  });
  return { work, decisions };
}

const refresh = (token: string) => ({ type: 'refresh', token }) as const;

describe('a refresh with the same claims', () => {
  it.each([0, 10, 300])(
    'causes no work for %i subscriptions, presence subscriptions and memberships',
    async (count) => {
      const world = await start();
      const ada = await join(world);
      await holdAll(world, ada, count);
      const { work } = countWork(world);
      const token = await mint(world, MEMBER, { expiresIn: 7_200_000, claims: { ...MEMBER, jti: 'another' } });
      await ada.client.result(refresh(token));
      expect(work()).toEqual({ decisions: 0, entered: 0, left: 0 });
      expect(ada.client.received.filter(({ type }) => type === 'unsubscribed' || type === 'left')).toEqual([]);
    },
  );

  it.each([
    ['a function decides', { allow: { subscribe: () => allowed } }],
    ['a grant depends on the id of the token', { allow: { subscribe: 'claim:jti:{id}' } }],
  ])('decides again if %s', async (_, rule) => {
    allowed = true;
    const world = await start({ channels: { 'room:{id}': rule as never } });
    const ada = await join(world, { jti: 'a' });
    await ada.client.result({ type: 'subscribe', channel: 'room:a' });
    allowed = false;
    await ada.client.result(refresh(await mint(world, { jti: 'b' })));
    expect(await ada.client.push('unsubscribed')).toMatchObject({ channel: 'room:a', reason: 'permission' });
  });
  let allowed = true;

  it.each([
    ['another value', { rooms: ['b'] }],
    ['another type', { rooms: { 0: 'a' } }],
    ['a missing claim', {}],
    ['a renamed claim', { room: ['a'] }],
  ])('does not include one with %s', async (_, claims) => {
    const world = await start();
    const ada = await join(world, { rooms: ['a'] });
    await ada.client.result({ type: 'subscribe', channel: 'room:a' });
    await ada.client.result(refresh(await mint(world, claims)));
    expect(await ada.client.push('unsubscribed')).toMatchObject({ channel: 'room:a', reason: 'permission' });
  });
});

describe('a refresh with other claims', () => {
  const OTHER = { role: 'guest', rooms: ['0', '1'] };

  it('decides everything once, and ends what is forbidden before it is answered', async () => {
    const world = await start();
    const ada = await join(world);
    await holdAll(world, ada, 100);
    const { work } = countWork(world);
    const answer = await ada.client.request(refresh(await mint(world, OTHER)));
    expect(work()).toEqual({ decisions: 300, entered: 2, left: 98 });
    const received = ada.client.received.slice(0, ada.client.received.indexOf(answer));
    for (const type of ['unsubscribed', 'unwatched', 'left'] as const) {
      expect(received.filter((message) => message.type === type)).toHaveLength(98);
    }
  });

  it('decides a limited number per turn, so that others are served in between', async () => {
    const world = await start();
    const ada = await join(world);
    await holdAll(world, ada, STEPS * 2);
    const { decisions } = countWork(world);
    ada.client.send(refresh(await mint(world, OTHER)));
    await world.until(() => decisions.mock.calls.length > 0);
    const turns: number[] = [];
    while (decisions.mock.calls.length < STEPS * 6) {
      turns.push(decisions.mock.calls.length);
      await nextTurn();
    }
    expect(turns.length).toBeGreaterThanOrEqual(5);
    expect(Math.max(...turns.map((count, at) => count - (turns[at - 1] ?? 0)))).toBeLessThanOrEqual(STEPS);
  });

  it('skips what the client ends in between, and leaves no state if it disconnects', async () => {
    const world = await start({ limits: { operations: 0 } });
    const ada = await join(world);
    await holdAll(world, ada, STEPS * 2);
    const faults: Events['fault'][] = [];
    world.services.events.on('fault', (fault) => faults.push(fault));
    const { decisions } = countWork(world);
    ada.client.send(refresh(await mint(world, OTHER)));
    await world.until(() => decisions.mock.calls.length > 0);
    const last = `room:${STEPS * 2 - 1}`;
    ada.client.send(...(['unsubscribe', 'unwatch', 'leave'] as const).map((type) => ({ type, channel: last })));
    await nextTurn();
    ada.socket.cut();
    await world.idle();
    world.clock.advance(5_000);
    await world.idle();
    const { hub, presence, registry, scheduler } = world.services;
    expect([hub.size, presence.size, registry.size, scheduler.size]).toEqual([0, 0, 0, 0]);
    expect(world.clock.running).toBe(IDLE_TIMERS);
    expect(faults).toEqual([]);
    expect(
      ada.client.received.some(
        (message) => 'channel' in message && message.type === 'left' && message.channel === last,
      ),
    ).toBe(false);
  });

  it('updates "info" once in each channel, and charges one command for each', async () => {
    const world = await start({ limits: { operations: 10, subscriptions: 50 } }); // burst of 250
    const ada = await join(world);
    await holdAll(world, ada, 50); // 150 and one for "connect"
    const { work } = countWork(world);
    await ada.client.result(refresh(await mint(world, { ...MEMBER, info: 'new' })));
    expect(work()).toMatchObject({ entered: 50 });
    ada.client.send(...Array.from({ length: 60 }, () => ({ type: 'ping' }) as const));
    await world.idle();
    const refused = ada.client.received.filter((message) => message.type === 'error');
    expect(refused).toHaveLength(60 - (250 - 151 - 1 - 50));
  });

  it('with an invalid "info" does not call the store', async () => {
    const world = await start();
    const ada = await join(world);
    await holdAll(world, ada, 10);
    const { work } = countWork(world);
    await ada.client.result(refresh(await mint(world, { ...MEMBER, info: 'x'.repeat(2_000) })));
    expect(work()).toMatchObject({ entered: 0 });
  });

  it('updates "info" with the next refresh if the store was unavailable', async () => {
    const world = await start();
    const ada = await join(world);
    await holdAll(world, ada, 2);
    const held = new HeldCalls().hold(world.assembly.engine.presence, 'enter');
    const token = await mint(world, { ...MEMBER, info: 'new' });
    await ada.client.result(refresh(token));
    held.take().refuse(new EngineUnavailable('away'));
    held.release();
    await world.idle();
    const { work } = countWork(world);
    await ada.client.result(refresh(token));
    expect(work()).toMatchObject({ entered: 1 });
    await ada.client.result(refresh(token));
    expect(work()).toMatchObject({ entered: 1 });
    const { members } = await ada.client.result<{ members: unknown[] }>({ type: 'members', channel: 'room:0' });
    expect(members).toMatchObject([{ user: 'ada', info: 'new' }]);
  });
});

describe('refreshes', () => {
  it('are limited to ten at once and then one every two seconds, even with valid tokens', async () => {
    const world = await start();
    const ada = await join(world);
    const verify = vi.spyOn(world.services.verifier, 'verify');
    const good = await mint(world);
    for (let n = 0; n < 10; n++) await ada.client.request(refresh(n % 2 === 0 ? good : 'not.a.token'));
    expect(await ada.client.request(refresh(good))).toMatchObject({
      error: {
        name: 'rate_limited',
        message: 'this connection refreshes its token too often; wait 2000 ms',
        retryAfter: 2_000,
      },
    });
    world.clock.advance(1_999);
    expect(await ada.client.request(refresh(good))).toMatchObject({ error: { retryAfter: 1 } });
    expect(verify).toHaveBeenCalledTimes(10);
    world.clock.advance(1);
    await ada.client.result(refresh(good));
    expect(await ada.client.request(refresh(good))).toMatchObject({ error: { retryAfter: 2_000 } });
  });

  it('are limited even if commands are not, and close a connection that continues', async () => {
    const world = await start({ limits: { operations: 0, bytes: 0 } });
    const ada = await join(world);
    const verify = vi.spyOn(world.services.verifier, 'verify');
    for (let n = 0; n < 250; n++) ada.client.send(refresh('not.a.token'));
    expect(await ada.client.ended()).toMatchObject({ code: 4007 });
    expect(verify.mock.calls.length).toBeLessThanOrEqual(10);
  });

  it('run one at a time: a second one is refused while the first is verified, and is not charged', async () => {
    const world = await start();
    const ada = await join(world, { rooms: ['a'] });
    const held = new HeldCalls().hold(world.services.verifier, 'verify');
    const tokens = [await mint(world, { rooms: ['b'] }), await mint(world, { rooms: ['c'] })];
    for (let n = 0; n < 15; n++) ada.client.send(refresh(tokens[Math.min(n, 1)] as string));
    await world.idle();
    expect(held.waiting).toHaveLength(1);
    const refused = ada.client.received.filter((message) => message.type === 'error');
    expect(refused).toHaveLength(14);
    expect(refused[0]).toMatchObject({ error: { name: 'rate_limited', retryAfter: 1_000 } });
    held.release();
    await ada.client.wait((message) => 'id' in message && message.id === 2 && message.type === 'reply');
    await ada.client.result({ type: 'subscribe', channel: 'room:b' });
    await ada.client.result(refresh(tokens[1] as string));
  });

  it.each([
    ['a refused token', (held: HeldCalls) => held.take().pass()],
    ['an internal error', (held: HeldCalls) => held.take().refuse(new Error('boom'))],
  ])('work after %s', async (_, settle) => {
    const world = await start();
    const ada = await join(world);
    const held = new HeldCalls().hold(world.services.verifier, 'verify');
    const asked = ada.client.request(refresh('not.a.token'));
    await world.until(() => held.waiting.length > 0);
    settle(held);
    expect(await asked).toMatchObject({ type: 'error' });
    held.release();
    await ada.client.result(refresh(await mint(world)));
  });

  it('have no effect if the connection closes during verification', async () => {
    const world = await start();
    const ada = await join(world);
    const held = new HeldCalls().hold(world.services.verifier, 'verify');
    ada.client.send(refresh(await mint(world)));
    await world.until(() => held.waiting.length > 0);
    ada.socket.cut();
    held.release();
    await world.idle();
    expect(world.clock.running).toBe(IDLE_TIMERS);
    expect(world.services.registry.users.of('ada')).toBe(0);
  });
});

describe('a token that is revoked during its verification', () => {
  const revokeAfter = (world: World) => {
    const { verifier } = world.services;
    const verify = verifier.verify.bind(verifier);
    Object.assign(verifier, {
      verify: async (token: string) => {
        const verification = await verify(token);
        await world.gateway.revoke({ jti: 'stolen' });
        return verification;
      },
    });
  };
  const revoked = { code: 4102 };

  it('does not connect', async () => {
    const world = await start();
    revokeAfter(world);
    const { client } = world.open();
    client.send({ type: 'connect', token: await mint(world, { jti: 'stolen' }) }, { type: 'ping' });
    expect(await client.ended()).toMatchObject(revoked);
    expect(client.received.filter(({ type }) => type === 'reply')).toEqual([]);
    expect([world.services.registry.size, world.services.registry.users.of('ada')]).toEqual([0, 0]);
    expect(world.clock.running).toBe(IDLE_TIMERS);
  });

  it('does not refresh', async () => {
    const world = await start();
    const ada = await join(world, { jti: 'good' });
    revokeAfter(world);
    ada.client.send(refresh(await mint(world, { jti: 'stolen' })));
    expect(await ada.client.ended()).toMatchObject(revoked);
  });
});
