import { expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const HOUR = 3_600_000;

it('the answer of a recheck spares the next question about entering, and leaves what others see of the member', async () => {
  let entered = 0;
  const world = await createWorld({
    channels: { 'chat:{room}': { allow: { '*': 'users' }, presence: { grace: 0, interval: 0 } } },
    hooks: {
      app: {
        enter: () => {
          entered++;
          return { allow: true, info: { name: 'Ada' }, ttl: HOUR };
        },
        recheck: () => ({ allow: true, ttl: HOUR }),
      },
    },
  });
  const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  await client.result({ type: 'enter', channel: 'chat:a' });
  await world.assembly.manage.recheck({ user: 'ada' });
  await client.result({ type: 'leave', channel: 'chat:a' });
  await client.result({ type: 'enter', channel: 'chat:a' });
  const { members } = await client.result({ type: 'members', channel: 'chat:a' });
  expect(members).toMatchObject([{ user: 'ada', info: { name: 'Ada' } }]);
  expect(entered).toBe(1);
});
