import { describe, expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const CHANNELS = { a: { allow: { '*': 'users' }, history: { count: 100, age: '1h' } } } as const;
const CONFIG = { channels: CHANNELS, limits: { subscriptions: 3 } };

async function start({ protocols }: { protocols?: readonly string[] } = {}) {
  const world = await createWorld(CONFIG);
  const token = await tokenFor('ada', { clock: () => world.clock.now() });
  const { client, socket } = await world.connect(token, protocols === undefined ? {} : { protocols });
  return { world, client, socket };
}

const publish = (world: World, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => world.gateway.publish('a', n)));

const subscribe = (sub?: number, rest: { rewind?: number } = {}) =>
  ({ type: 'subscribe', channel: 'a', ...(sub === undefined ? {} : { sub }), ...rest }) as const;
const unsubscribe = (sub?: number) =>
  ({ type: 'unsubscribe', channel: 'a', ...(sub === undefined ? {} : { sub }) }) as const;

describe('subscriptions with an id', () => {
  it.each(['sluice.v1.json', 'sluice.v1.msgpack'])(
    'receive their own pushes on %s, each with its id',
    async (protocol) => {
      const { world, client } = await start({ protocols: [protocol] });
      await publish(world, 3);
      await client.result(subscribe());
      await client.result(subscribe(7, { rewind: 2 }));
      await publish(world, 1);
      await world.idle();
      const received = client.received.flatMap((received) => (received.type === 'messages' ? [received] : []));
      const offsetsOf = (id: number | undefined) =>
        received.filter(({ sub }) => sub === id).flatMap(({ messages }) => messages.map(({ offset }) => offset));
      expect([offsetsOf(undefined), offsetsOf(7)]).toEqual([[4], [2, 3, 4]]);
      expect(client.received.filter(({ type }) => type === 'live')).toEqual([{ type: 'live', channel: 'a', sub: 7 }]);
    },
  );

  it('begin and end independently', async () => {
    const { world, client } = await start();
    await client.result(subscribe(1));
    expect(await client.request(unsubscribe())).toMatchObject({
      error: { name: 'not_subscribed', message: expect.stringContaining('not subscribed to "a"') },
    });
    expect(await client.request(unsubscribe(2))).toMatchObject({
      error: { name: 'not_subscribed', message: expect.stringContaining('not subscribed to "a" with "sub" 2') },
    });
    expect(await client.request(subscribe(1))).toMatchObject({
      error: { name: 'already_subscribed', message: expect.stringContaining('already subscribed to "a" with "sub" 1') },
    });
    await client.result(subscribe());
    await client.result(unsubscribe(1));
    await publish(world, 1);
    await world.idle();
    expect(client.received.filter(({ type }) => type === 'messages')).toMatchObject([{ channel: 'a', messages: [{}] }]);
    expect(client.received.some((received) => 'sub' in received)).toBe(false);
    expect(world.services.hub.size).toBe(1);
    await client.result(unsubscribe());
    expect(world.services.hub.size).toBe(0);
  });

  it('count individually against the limit', async () => {
    const { client } = await start();
    for (const sub of [undefined, 1, 2]) await client.result(subscribe(sub));
    expect(await client.request(subscribe(3))).toMatchObject({ error: { name: 'too_many_subscriptions' } });
  });

  it('end individually with their id when they are no longer allowed', async () => {
    const { world, client } = await start();
    await client.result(subscribe());
    await client.result(subscribe(1));
    await world.gateway.reload({ ...world.assembly.config, channels: [] });
    await world.idle();
    const ended = client.received.filter(({ type }) => type === 'unsubscribed');
    const message = expect.stringContaining('no channel rule matches "a"');
    expect(ended).toEqual([
      { type: 'unsubscribed', channel: 'a', reason: 'permission', message },
      { type: 'unsubscribed', channel: 'a', sub: 1, reason: 'permission', message },
    ]);
  });

  it('are replayed and become live individually after the connection was too slow', async () => {
    const { world, client, socket } = await start();
    await client.result(subscribe());
    await client.result(subscribe(1));
    socket.stall();
    for (let n = 0; n < 12; n++) {
      await world.gateway.publish('a', 'x'.repeat(60_000));
      await world.idle();
    }
    socket.unstall();
    await world.idle();
    for (const sub of [undefined, 1]) {
      const own = client.received.filter(
        (received) => 'channel' in received && (received as { sub?: number }).sub === sub,
      );
      const offsets = own.flatMap((received) =>
        received.type === 'messages' ? received.messages.map(({ offset }) => offset) : [],
      );
      expect(new Set(offsets)).toEqual(new Set(Array.from({ length: 12 }, (_, n) => n + 1)));
      expect(own.flatMap(({ type }) => (type === 'messages' ? [] : [type]))).toEqual(['replaying', 'live']);
    }
  });
});
