/** The extra cost of one command, in commands: SPEC.md section 10. */

import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import type { Session } from '../src/session/session.ts';
import type { CommandInput } from './support/protocol-client.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const CHANNELS: ConfigInput['channels'] = {
  'log:{id}': { allow: { '*': 'users' }, history: { count: 5_000 }, maxPayload: '1MiB' },
  'room:{id}': { allow: { '*': 'users' }, presence: { state: '64KiB' } },
};
/** The burst of commands; the rate is one per second. */
const BURST = 103;
/** Messages of 60,000 bytes in one read of the log. More are charged afterwards. */
const LARGEST_PAGE = 128 * 60_000;

const start = async () => {
  const world = await createWorld({
    channels: CHANNELS,
    limits: { operations: 1, subscriptions: 1, maxFrame: '2MiB', outbound: '4MiB' },
  });
  const ada = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  return { world, ada };
};

/** Publishes `count` messages whose JSON has `bytes` in total. */
async function publish(world: World, count: number, bytes: number): Promise<void> {
  await world.gateway.publish('log:a', '');
  const page = await world.assembly.engine.log.read('log:a', 0, 1);
  const around = Buffer.byteLength(page.messages[0]?.json ?? '');
  // Longer offsets and ids would change the size.
  for (let at = 0; at < count; at++)
    await world.gateway.publish('log:a', 'x'.repeat(Math.max(0, bytes / count - around)));
}

function fillRoom(world: World, members: number, state: number): void {
  for (let at = 0; at < members; at++) {
    const user = `user ${at}`;
    void world.services.presence.enter({ channel: 'room:a', connection: user, user, state: 'x'.repeat(state) });
  }
}

/** Sends commands until one is refused, and returns how many were accepted. */
async function left(world: World, { client }: LoopbackPeer): Promise<number> {
  const before = client.received.length;
  const ids = client.send(...Array.from({ length: BURST }, () => ({ type: 'ping' }) as const));
  await world.idle();
  return client.received.slice(before).filter((received) => received.type === 'reply' && ids.includes(received.id))
    .length;
}

/** The extra cost of a command. */
async function costOf(command: CommandInput, prepare: (world: World) => void | Promise<void>): Promise<number> {
  const { world, ada } = await start();
  await prepare(world);
  await ada.client.result(command);
  await world.idle();
  world.clock.advance(500); // a list of members is sent
  await world.idle();
  return BURST - 2 - (await left(world, ada));
}

const history: CommandInput = { type: 'history', channel: 'log:a', limit: 1_000 };
const members: CommandInput = { type: 'members', channel: 'room:a', limit: 1_000 };
const watch: CommandInput = { type: 'watch', channel: 'room:a' };
const rewind = (count: number): CommandInput => ({ type: 'subscribe', channel: 'log:a', rewind: count });

describe('a page or a list costs one more command per 8 KiB', () => {
  it.each<[string, CommandInput, (world: World) => void | Promise<void>, number]>([
    ['history of nothing', history, () => {}, 0],
    ['history just below 8 KiB', history, (world) => publish(world, 1, 8_100), 0],
    ['history just above 8 KiB', history, (world) => publish(world, 1, 8_250), 1],
    ['history of 1,000 small messages, 160 KB', history, (world) => publish(world, 1_000, 160_000), 19],
    ['history with a page of the maximum size', history, (world) => publish(world, 10, 600_000), 29],
    ['history of one larger message', history, (world) => publish(world, 1, 500_000), 61],
    ['members of an empty channel', members, () => {}, 0],
    ['a few members', members, (world) => fillRoom(world, 1, 5_000), 0],
    ['members of 20 KB', members, (world) => fillRoom(world, 4, 5_000), 2],
    ['watching 4 members of 20 KB', watch, (world) => fillRoom(world, 4, 5_000), 2],
    ['watching 20 members of 100 KB', watch, (world) => fillRoom(world, 20, 5_000), 12],
    ['watching more members than are listed', watch, (world) => fillRoom(world, 501, 1_000), 0],
  ])('%s', async (_, command, prepare, cost) => {
    expect(await costOf(command, prepare)).toBe(cost);
  });

  it('lists that are sent because the reader was too slow are free', async () => {
    const { world, ada } = await start();
    fillRoom(world, 4, 5_000);
    await ada.client.result(watch);
    await world.idle();
    for (const session of world.services.registry.all()) (session as Session).overflow();
    await world.idle();
    expect(ada.client.received.filter((received) => received.type === 'presence' && received.reset)).toHaveLength(2);
    expect(await left(world, ada)).toBe(BURST - 2 - 2);
  });

  it('pages over a minute arrive at the paid rate', async () => {
    const { world, ada } = await start();
    await publish(world, 10, 600_000);
    let pages = 0;
    for (let second = 0; second < 600; second++) {
      const answer = await ada.client.request(history);
      if (answer.type === 'reply') pages++;
      world.clock.advance(1_000);
    }
    expect(pages).toBeLessThanOrEqual((BURST + 600) / 30 + 1);
    expect(pages).toBeGreaterThan((BURST + 600) / 30 - 2);
  });
});

it('a search by time costs a quarter of a command', async () => {
  const { world, ada } = await start();
  await publish(world, 10, 1_000);
  for (let count = 0; count < 4; count++) {
    await ada.client.result({ type: 'subscribe', channel: 'log:a', since: world.clock.now() + 1_000 });
    await ada.client.result({ type: 'unsubscribe', channel: 'log:a' });
  }
  await world.idle();
  expect(await left(world, ada)).toBe(BURST - 1 - 8 - 1);
});

describe('a replay costs one more command per 512 messages or 128 KiB', () => {
  it.each([
    ['few small messages', 100, 10_000, 0],
    ['1,500 small messages', 1_500, 0, 3],
    ['4 MB', 70, 4_000_000, 30],
  ])('%s', async (_, count, bytes, cost) => {
    const paid = await costOf(rewind(count), (world) => publish(world, count, bytes));
    expect(paid).toBeGreaterThanOrEqual(cost);
    expect(paid).toBeLessThanOrEqual(cost + 1);
  });

  it('is also charged if the client sends its position', async () => {
    const position = async (world: World) => (await world.assembly.engine.log.read('log:a', 0, 0)).epoch;
    const { world, ada } = await start();
    await publish(world, 70, 4_000_000);
    await ada.client.result({
      type: 'subscribe',
      channel: 'log:a',
      position: { epoch: await position(world), offset: 0 },
    });
    await world.idle();
    expect(await left(world, ada)).toBeLessThanOrEqual(BURST - 2 - 30);
  });

  it('is free if the reader was too slow, and live messages are always free', async () => {
    const { world, ada } = await start();
    await ada.client.result({ type: 'subscribe', channel: 'log:a' });
    for (let at = 0; at < 30; at++) {
      if (at === 10) ada.socket.stall();
      await world.gateway.publish('log:a', 'x'.repeat(200_000));
      await world.idle();
    }
    ada.socket.unstall();
    await ada.client.messages('log:a', 30);
    expect(ada.client.received.some(({ type }) => type === 'replaying')).toBe(true);
    expect(await left(world, ada)).toBe(BURST - 2);
  });

  it('continues at the paid rate, and loses nothing', async () => {
    const { world, ada } = await start();
    await publish(world, 1_000, 60_000_000);
    const timers = world.clock.running;
    await ada.client.result(rewind(1_000));
    await world.idle();
    const received = () =>
      ada.client.received
        .flatMap((received) => (received.type === 'messages' ? received.messages : []))
        .map(({ offset }) => offset);
    const atOnce = received().length;
    expect(atOnce * 60_000).toBeGreaterThan((BURST - 3) * 131_072 * 0.9);
    expect(atOnce * 60_000).toBeLessThan(BURST * 131_072 + LARGEST_PAGE);
    expect(ada.client.received.at(-1)?.type).toBe('messages');
    for (let second = 0; second < 60; second++) {
      world.clock.advance(1_000);
      await world.idle();
    }
    const more = (received().length - atOnce) * 60_000;
    expect(more).toBeGreaterThan(60 * 131_072 - LARGEST_PAGE);
    expect(more).toBeLessThan(60 * 131_072 + LARGEST_PAGE);
    for (let second = 0; second < 400; second++) {
      world.clock.advance(1_000);
      await world.idle();
    }
    expect(received()).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 2));
    expect(ada.client.received.at(-1)?.type).toBe('live');
    expect(world.clock.running).toBe(timers);
  });

  it('leaves no timer of a connection that closes in debt', async () => {
    const { world, ada } = await start();
    await publish(world, 500, 30_000_000);
    await ada.client.result(rewind(500));
    await world.idle();
    ada.socket.cut();
    await world.idle();
    expect(world.clock.running).toBe((await createWorld()).clock.running);
  });

  it('is free if commands are not limited', async () => {
    const world = await createWorld({
      channels: CHANNELS,
      limits: { operations: 0, bytes: 0, maxFrame: '2MiB', outbound: '4MiB' },
    });
    const ada = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    await publish(world, 500, 30_000_000);
    await ada.client.result(rewind(500));
    await world.until(() => ada.client.received.some(({ type }) => type === 'live'));
  });
});
