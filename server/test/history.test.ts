import { describe, expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const OUTBOUND = 1_048_576;

async function withFullLog() {
  const world = await createWorld();
  const peer = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  const data = 'x'.repeat(20_000);
  for (let at = 0; at < 20; at++) await peer.client.result({ type: 'publish', channel: 'chat:a', data });
  return { world, ...peer };
}

describe('pages of history', () => {
  it('are read no faster than the client receives them, however many it requests at once', async () => {
    const { world, client, socket } = await withFullLog();
    socket.stall();
    const ids = client.send(...Array.from({ length: 500 }, () => ({ type: 'history', channel: 'chat:a' }) as const));
    await world.idle();
    expect(socket.held).toBeLessThan(OUTBOUND);
    socket.unstall();
    await client.wait((message) => 'id' in message && message.id === ids.at(-1));
    const answers = client.received.filter((message) => 'id' in message && ids.includes(message.id ?? 0));
    expect(answers).toHaveLength(500);
    expect(answers.every(({ type }) => type === 'reply')).toBe(true);
  });

  it('are refused while a thousand wait', async () => {
    const { world, client, socket } = await withFullLog();
    socket.stall();
    for (let frame = 0; frame < 11; frame++) {
      client.send(...Array.from({ length: 100 }, () => ({ type: 'history', channel: 'chat:a' }) as const));
    }
    await world.idle();
    socket.unstall();
    const refused = await client.wait((message) => message.type === 'error');
    expect(refused).toMatchObject({ error: { name: 'rate_limited', retryable: true } });
  });

  it('are no longer read after the client disconnects', async () => {
    const { world, client, socket } = await withFullLog();
    socket.stall();
    client.send(...Array.from({ length: 50 }, () => ({ type: 'history', channel: 'chat:a' }) as const));
    socket.cut();
    await world.idle();
    expect(world.services.registry.size).toBe(0);
  });
});
