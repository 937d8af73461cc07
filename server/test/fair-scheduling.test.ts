import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServerMessage } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { QUOTA } from '../src/session/limits.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const CHANNELS = { 'log:{id}': { allow: { '*': 'users' }, history: { count: 10_000 } } } as const;
// Enough connections for each to have the smallest quota.
const LIMITS = { operations: QUOTA * 100, bytes: 0 } as const;

const start = (limits: ConfigInput['limits'] = LIMITS) => createWorld({ channels: CHANNELS, limits });
const join = async (world: World, user: string, handshake: { protocols?: string[] } = {}) =>
  world.connect(await tokenFor(user, { clock: () => world.clock.now() }), handshake);
const publish = (data: number) => ({ type: 'publish', channel: 'log:a', data }) as const;
const publishes = (count: number) => Array.from({ length: count }, (_, at) => publish(at));
const replies = ({ client }: LoopbackPeer) =>
  client.received.filter(({ type }: ServerMessage) => type === 'reply').length;

describe('a connection that sends many commands at once', () => {
  it('gets its quota of each turn, and others are served in between', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    const ben = await join(world, 'ben');
    ada.client.send(...publishes(QUOTA * 10));
    await nextTurn();
    await ben.client.result({ type: 'ping' });
    expect(replies(ada)).toBeLessThan(QUOTA * 5);
    await world.until(() => replies(ada) === QUOTA * 10 + 1);
  });

  it('has all commands executed in order, however they are split into frames', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: QUOTA * 3 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom('sluice.v1.json', 'sluice.v1.msgpack'),
        async (frames, protocol) => {
          const world = await start();
          const ada = await join(world, 'ada', { protocols: [protocol] });
          let next = 0;
          for (const count of frames) ada.client.send(...Array.from({ length: count }, () => publish(next++)));
          await world.idle();
          const page = await ada.client.result<{ messages: { data: number }[] }>({
            type: 'history',
            channel: 'log:a',
            after: 0,
            limit: 1000,
          });
          expect(page.messages.map(({ data }) => data)).toEqual(
            Array.from({ length: Math.min(next, 1000) }, (_, at) => at),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is closed if its backlog exceeds the limit', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    const frame = publishes(1_000);
    for (let n = 0; n < 100; n++) ada.client.send(...frame);
    await world.until(() => ada.socket.closed !== undefined);
    expect(ada.socket.closed).toMatchObject({ code: 4007 });
  });

  it('has no backlog limit if it is trusted', async () => {
    const world = await start({ operations: 0, bytes: 0 });
    const ada = await join(world, 'ada');
    ada.client.send(...publishes(QUOTA * 10));
    await nextTurn();
    expect(replies(ada)).toBe(QUOTA * 10 + 1);
  });

  it('leaves no state when it disconnects midway', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    const ben = await join(world, 'ben');
    ada.client.send(...publishes(QUOTA * 10));
    ada.socket.cut();
    await world.idle();
    const { head } = await ben.client.result<{ head: number }>({ type: 'history', channel: 'log:a', limit: 1 });
    expect(head).toBe(QUOTA);
  });
});
