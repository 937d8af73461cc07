import { expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

it('of a slow reader is in the metrics, by rule, until it has caught up', async () => {
  const world = await createWorld();
  const join = async (user: string) => world.connect(await tokenFor(user, { clock: () => world.clock.now() }));
  const slow = await join('ada');
  await slow.client.result({ type: 'subscribe', channel: 'chat:a' });
  const lag = async () =>
    /sluice_cursor_lag_messages\{rule="chat:\{room\}"\} (\d+)/.exec(await world.assembly.metrics.text())?.[1];
  expect(await lag()).toBeUndefined();
  slow.socket.stall();
  for (let n = 0; n < 60; n++) {
    await world.gateway.publish('chat:a', 'x'.repeat(60_000));
  }
  await world.idle();
  expect(Number(await lag())).toBeGreaterThan(5);
  slow.socket.unstall();
  await world.idle();
  expect(await lag()).toBeUndefined();
});
