import { describe, expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const SUBPROTOCOLS = ['sluice.v1.json', 'sluice.v1.msgpack'] as const;

const join = async (world: World, user: string, subprotocol: string = SUBPROTOCOLS[0]) =>
  world.connect(await tokenFor(user, { clock: () => world.clock.now() }), { protocols: [subprotocol] });

describe.each(SUBPROTOCOLS)('a subscription over %s', (subprotocol) => {
  it('receives messages published after it', async () => {
    const world = await createWorld();
    const { client } = await join(world, 'ada', subprotocol);
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    await client.result({ type: 'publish', channel: 'chat:a', data: { text: 'hello' } });
    expect(await client.messages('chat:a', 1)).toMatchObject([{ offset: 1, data: { text: 'hello' }, from: 'ada' }]);
  });

  it('receives the history that it rewinds to, encoded in its own codec', async () => {
    const world = await createWorld();
    const { client } = await join(world, 'ada', subprotocol);
    for (const data of ['a', 'b', 'c']) await client.result({ type: 'publish', channel: 'chat:a', data });
    expect(await client.result({ type: 'subscribe', channel: 'chat:a', rewind: 2 })).toMatchObject({
      offset: 1,
      state: 'replaying',
    });
    await client.push('live', 'chat:a');
    expect(await client.messages('chat:a', 2)).toMatchObject([{ data: 'b' }, { data: 'c' }]);
  });
});
