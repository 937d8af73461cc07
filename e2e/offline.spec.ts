import type { TestGateway } from '@sluice/playwright';
import type { ChatPage } from './support/chat-page.ts';
import { demo, expect, test } from './support/test.ts';

/** A backend and a user write numbered messages. Resolves when the user's page shows all of them. */
async function fillRoom(
  bob: ChatPage,
  { gateway, room, count }: { gateway: TestGateway; room: string; count: number },
) {
  for (let number = 1; number <= count; number++) {
    const text = `Number ${number}`;
    if (number % 10 !== 0) await gateway.publish(`chat:${room}`, { text });
    else {
      await bob.say(text);
      await expect(bob.message(text)).toHaveAttribute('data-status', 'delivered');
    }
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `Number ${index + 1}`);

// More messages than the page loads on entry, so that only resuming can show all of them.
test('a user who was offline receives every message exactly once, in order', async ({ arrive, gateway, room }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.say('Back in a minute');
  await expect(bob.message('Back in a minute')).toBeVisible();

  await ada.page.context().setOffline(true);
  await ada.shows('offline');
  await fillRoom(bob, { gateway, room, count: 80 });
  await ada.reads(['Back in a minute']);
  await ada.say('Written in a tunnel');
  await expect(ada.message('Written in a tunnel')).toHaveAttribute('data-status', 'waiting');

  await ada.page.context().setOffline(false);
  await ada.isLive();
  const expected = ['Back in a minute', ...numbers(80), 'Written in a tunnel'];
  await ada.reads(expected);
  await bob.reads(expected);
  await expect(ada.gaps).toHaveCount(0);
});

test.describe('with a short heartbeat', () => {
  test.use({ sluice: { ...demo, heartbeat: '1s' } });

  test('a silent connection is detected, and no message is lost', async ({ arrive, gateway, faults, room }) => {
    const ada = await arrive('ada');
    const bob = await arrive('bob');

    await ada.say('All is well');
    await expect(bob.message('All is well')).toBeVisible();

    faults.silence('ada');
    await fillRoom(bob, { gateway, room, count: 60 });
    await expect(ada.badge).not.toHaveAttribute('data-state', 'connected');
    await ada.reads(['All is well']);
    await ada.say('Are you there?');

    faults.resume('ada');
    await ada.isLive();
    const expected = ['All is well', ...numbers(60), 'Are you there?'];
    await ada.reads(expected);
    await bob.reads(expected);
    await expect(ada.gaps).toHaveCount(0);
  });
});

test('offline messages survive a reload, and are sent in order', async ({ newPage, room, startCommandLine }) => {
  const gateway = await startCommandLine();
  const ada = await newPage();
  await ada.open({ url: gateway.url, room, name: 'ada' });
  await ada.isLive();
  const bob = await newPage();
  await bob.open({ url: gateway.url, room, name: 'bob' });
  await bob.isLive();

  const socket = /\/ws$/;
  await ada.page.routeWebSocket(socket, (line) => line.close());
  await ada.page.reload();
  await expect(ada.badge).toHaveAttribute('data-state', /connecting|reconnecting/);
  const texts = ['One', 'Two', 'Three'];
  for (const text of texts) await ada.say(text);
  for (const text of texts) await expect(ada.message(text)).toHaveAttribute('data-status', 'waiting');
  await ada.page.reload();
  await ada.reads(texts);
  await bob.reads([]);

  await ada.page.routeWebSocket(socket, (line) => void line.connectToServer());
  await ada.page.reload();
  await ada.isLive();
  await bob.reads(texts);
  for (const text of texts) await expect(ada.message(text)).toHaveAttribute('data-status', 'delivered');
  await ada.reads(texts);
});
