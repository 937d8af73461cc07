/** The gateway's wall clock jumps forward and back by a minute, an hour or a day, at any time. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { type TokenOptions, tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STEPS = [MINUTE, HOUR, 24 * HOUR].flatMap((by) => [by, -by]);

const CHANNELS: ConfigInput['channels'] = {
  'room:{id}': { allow: { '*': 'users' }, history: { count: 1000, age: '1h' }, presence: { grace: '5s' } },
  'slow:{id}': { allow: { '*': 'users' }, rate: 1 },
};

const start = () => createWorld({ channels: CHANNELS, maxTokenLife: '3650d' });
const mint = (world: World, options: TokenOptions = {}) =>
  tokenFor('ada', { expiresIn: 30 * 24 * HOUR, clock: () => world.clock.now(), ...options });
const join = async (world: World) => world.connect(await mint(world));

const publish = ({ client }: LoopbackPeer, data: number, key = `${data}`) =>
  client.result<{ offset: number }>({ type: 'publish', channel: 'room:a', data, key });

const held = async ({ client }: LoopbackPeer) =>
  (await client.result<{ messages: { data: number }[] }>({ type: 'history', channel: 'room:a' })).messages.map(
    ({ data }) => data,
  );

describe.each(STEPS)('when the clock jumps by %i ms', (by) => {
  it('a repeated publish within the idempotency window appends nothing', async () => {
    const world = await start();
    const ada = await join(world);
    const first = await publish(ada, 1);
    world.clock.set(by);
    world.clock.advance(4 * MINUTE);
    expect(await publish(ada, 1)).toEqual(first);
  });

  it('history is kept for at least nine tenths of its age limit', async () => {
    const world = await start();
    const ada = await join(world);
    await publish(ada, 1);
    world.clock.set(by);
    world.clock.advance(MINUTE);
    await publish(ada, 2);
    world.clock.advance(53 * MINUTE);
    expect(await held(ada)).toEqual([1, 2]);
    world.clock.advance(7 * MINUTE + 2 * Math.abs(by) + 10 * HOUR);
    expect(await held(ada)).toEqual([]);
  });

  it('rate limits refill at their rate', async () => {
    const world = await start();
    const ada = await join(world);
    const slow = () => ada.client.request({ type: 'publish', channel: 'slow:a', data: 1 });
    for (let n = 0; n < 5; n++) await slow();
    world.clock.set(by);
    expect(await slow()).toMatchObject({ error: { name: 'rate_limited', retryAfter: 1_000 } });
    world.clock.advance(1_000);
    expect(await slow()).toMatchObject({ type: 'reply' });
    expect(await slow()).toMatchObject({ error: { retryAfter: 1_000 } });
  });

  it('a member whose connection is lost stays for the grace period', async () => {
    const world = await start();
    const [ada, ben] = [
      await join(world),
      await world.connect(await tokenFor('ben', { clock: () => world.clock.now() })),
    ];
    await ada.client.result({ type: 'enter', channel: 'room:a' });
    ada.socket.cut();
    world.clock.set(by);
    const total = async () =>
      (await ben.client.result<{ total: number }>({ type: 'members', channel: 'room:a' })).total;
    world.clock.advance(4_999);
    expect(await total()).toBe(1);
    world.clock.advance(1);
    expect(await total()).toBe(0);
  });

  it('presence changes are sent after the interval of their rule', async () => {
    const world = await start();
    const [ada, ben] = [await join(world), await join(world)];
    const pushCount = () => ben.client.received.filter(({ type }) => type === 'presence').length;
    await ben.client.result({ type: 'watch', channel: 'room:a' });
    await world.idle();
    for (const state of [1, 2, 3]) {
      world.clock.set(by);
      const before = pushCount();
      await ada.client.result({ type: 'enter', channel: 'room:a', state });
      world.clock.advance(500);
      await world.idle();
      expect(pushCount()).toBe(before + 1);
    }
  });

  it('a revocation stays valid', async () => {
    const world = await start();
    await world.gateway.revoke({ jti: 'stolen', until: world.clock.now() + HOUR });
    world.clock.set(by);
    const token = await mint(world, { claims: { jti: 'stolen' } });
    world.clock.advance(50 * MINUTE);
    await world.gateway.revoke({ jti: 'another' }); // adding a revocation removes expired ones
    const { client } = world.open();
    client.send({ type: 'connect', token });
    expect(await client.ended()).toMatchObject({ code: 4102 });
  });
});

describe('a token that is about to expire', () => {
  const refreshes = ({ client }: LoopbackPeer) => client.received.filter(({ type }) => type === 'refresh').length;
  const settle = async (world: World, ms: number) => {
    world.clock.advance(ms);
    await world.idle();
  };

  it('is requested within a second after the clock jumps past its expiry, and may arrive within the grace period', async () => {
    const world = await start();
    const ada = await world.connect(await mint(world, { expiresIn: 10 * MINUTE }));
    world.clock.set(HOUR);
    await settle(world, 1_000);
    expect([refreshes(ada), ada.socket.closed]).toEqual([1, undefined]);
    await settle(world, 9_999);
    expect(ada.socket.closed).toBeUndefined();
    await ada.client.result({ type: 'refresh', token: await mint(world, { expiresIn: 10 * MINUTE }) });
    await settle(world, 5 * MINUTE);
    expect(ada.socket.closed).toBeUndefined();
  });

  it('closes its connection if no new token arrives', async () => {
    const world = await start();
    const ada = await world.connect(await mint(world, { expiresIn: 10 * MINUTE }));
    world.clock.set(HOUR);
    await settle(world, 1_000);
    await settle(world, 10_000);
    expect(ada.socket.closed).toMatchObject({ code: 4100 });
  });

  it.each([0, 9.5 * MINUTE])('lasts longer if the clock jumps back after %i ms', async (after) => {
    const world = await start();
    const ada = await world.connect(await mint(world, { expiresIn: 10 * MINUTE }));
    await settle(world, after);
    world.clock.set(-HOUR);
    await settle(world, 59 * MINUTE);
    expect(ada.socket.closed).toBeUndefined();
    const before = refreshes(ada);
    await settle(world, 11 * MINUTE - after);
    expect([refreshes(ada) - before, ada.socket.closed]).toEqual([1, undefined]);
    await settle(world, 10_000);
    expect(ada.socket.closed).toMatchObject({ code: 4100 });
  });

  it('is recalculated on closing connections too, and leaves no timer', async () => {
    const world = await start();
    const timers = world.clock.running;
    const ada = await world.connect(await mint(world, { expiresIn: 10 * MINUTE }));
    ada.socket.cut();
    world.clock.set(HOUR);
    await settle(world, 1_000);
    expect(world.clock.running).toBe(timers);
  });
});

describe('whatever the clock does', () => {
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ pass: fc.nat(2 * MINUTE) }) },
    { weight: 2, arbitrary: fc.record({ set: fc.constantFrom(...STEPS) }) },
    { weight: 4, arbitrary: fc.record({ publish: fc.nat(5) }) },
  );

  it('nothing is appended twice, and nothing expires early', async () => {
    const property = fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const world = await start();
      const ada = await join(world);
      let passed = 0;
      /** By key: the elapsed time at the first append. */
      const appended = new Map<number, { at: number; offset: number }>();
      const all: { at: number; data: number }[] = [];
      for (const each of actions) {
        if ('pass' in each) {
          world.clock.advance(each.pass);
          passed += each.pass;
        } else if ('set' in each) world.clock.set(each.set);
        else {
          const { offset } = await publish(ada, each.publish);
          const before = appended.get(each.publish);
          const isNew = offset !== before?.offset;
          if (isNew && before !== undefined) expect(passed - before.at).toBeGreaterThan(4.5 * MINUTE);
          if (isNew) {
            appended.set(each.publish, { at: passed, offset });
            all.push({ at: passed, data: each.publish });
          }
        }
      }
      const young = all.filter(({ at }) => passed - at < 54 * MINUTE).map(({ data }) => data);
      expect((await held(ada)).slice(-young.length || Number.POSITIVE_INFINITY)).toEqual(young.slice(-100));
    });
    await fc.assert(property, { numRuns: 40 });
  });
});
