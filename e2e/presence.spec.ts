import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ChatPage } from './support/chat-page.ts';
import { expect, test } from './support/test.ts';

// How long a closed connection still counts as present. SPEC.md section 9.
const GRACE = 5000;

test('people see who else is in the room, and only in this one', async ({ arrive }) => {
  const ada = await arrive('ada');
  await ada.meets(['ada']);
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);
  await bob.meets(['ada', 'bob']);
  await expect(ada.page.getByTestId('comings')).toHaveText('bob came in');

  // Who goes into another room has left this one at once.
  await bob.enterRoom('random');
  await ada.meets(['ada']);
  await expect(ada.page.getByTestId('comings')).toHaveText('bob left');
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
});

test('the list tells names, oneself, and how many windows each has open', async ({ arrive, gateway, room }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  const second = new ChatPage(await ada.page.context().newPage());
  await second.open({ url: gateway.url, room, name: 'ada' });
  await second.isLive();

  // Two windows, one person.
  await bob.people.click();
  const list = bob.page.getByTestId('people-list');
  await expect(list.locator('[data-user="ada"]')).toHaveAttribute('data-connections', '2');
  await expect(list.locator('[data-user="ada"]')).toContainText('2 windows');
  await expect(list.locator('[data-user="bob"]')).toContainText('(you)');
  await expect(list.getByTestId('member')).toHaveCount(2);
  await bob.meets(['ada', 'bob']);

  const moments = await bob.watchPeople();
  await second.page.close();
  await expect(list.locator('[data-user="ada"]')).toHaveAttribute('data-connections', '1');
  await bob.meets(['ada', 'bob']);
  for (const names of await moments()) expect(names).toEqual(['ada', 'bob']);
});

test('a reload is no coming and going', async ({ arrive }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);
  const moments = await ada.watchPeople();

  await bob.page.reload();
  await bob.isLive();
  await bob.meets(['ada', 'bob']);
  // Somebody who comes and goes after that takes as long as bob would have had: then it is certain that he did not.
  const cleo = await arrive('cleo');
  await ada.meets(['ada', 'bob', 'cleo']);
  await cleo.page.close();
  await ada.meets(['ada', 'bob']);
  for (const names of await moments()) expect(names).toContain('bob');
});

test('who closes the page has gone when the grace is over, not before', async ({ arrive }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);

  const closed = Date.now();
  await bob.page.close();
  await ada.meets(['ada']);
  expect(Date.now() - closed).toBeGreaterThanOrEqual(GRACE - 500);
});

test('a crowd is counted, and listed by page for who wants to know', async ({ arrive, startGateway }, testInfo) => {
  const demo = (path: string) => fileURLToPath(new URL(`../demo-app/${path}`, import.meta.url));
  const rules = await readFile(demo('sluice.yaml'), 'utf8');
  const config = testInfo.outputPath('sluice.yaml');
  await writeFile(config, rules.replace('"chat:{room}":', '$&\n    presence: { listUpTo: 2 }'));
  const gateway = await startGateway({ config, folder: demo('dist') });

  const ada = await arrive('ada', { url: gateway.url });
  const bob = await arrive('bob', { url: gateway.url });
  await ada.meets(['ada', 'bob']);
  const cleo = await arrive('cleo', { url: gateway.url });
  await expect(ada.people).toHaveAttribute('data-total', '3');
  await expect(ada.people).toContainText('3 people in this room');
  await expect(ada.faces).toHaveCount(0);
  await ada.people.click();
  await expect(ada.page.getByTestId('member')).toHaveCount(3);

  // The list comes back when they are clearly fewer, so that it does not flicker.
  await Promise.all([bob.enterRoom('random'), cleo.enterRoom('random')]);
  await ada.meets(['ada']);
  await expect(ada.page.getByTestId('member')).toHaveCount(1);
});

test('the company finds together again after the gateway has lost everything', async ({ arrive, startGateway }) => {
  const gateway = await startGateway();
  const ada = await arrive('ada', { url: gateway.url });
  const bob = await arrive('bob', { url: gateway.url });
  await ada.meets(['ada', 'bob']);
  await gateway.crash();
  await expect(ada.badge).not.toHaveAttribute('data-state', 'connected');
  await gateway.start();
  await Promise.all([ada.isLive(), bob.isLive()]);
  await ada.meets(['ada', 'bob']);
  await bob.meets(['ada', 'bob']);
});

test('one sees who is writing, until the message is there or nothing more comes', async ({ arrive }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');

  await bob.composer.pressSequentially('Hel');
  await expect(ada.typing).toContainText('bob is typing…');
  await bob.composer.pressSequentially('lo');
  await bob.composer.press('Enter');
  await expect(ada.message('Hello')).toBeVisible();
  await expect(ada.typing).toHaveCount(0, { timeout: 2000 });

  await bob.composer.pressSequentially('Or rather');
  await expect(ada.typing).toContainText('bob is typing…');
  await expect(bob.typing).toHaveCount(0);
  await expect(ada.typing).toHaveCount(0);
});

test('one sees how far the others have read', async ({ arrive, room }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.say('First');
  await expect(ada.seenBy('First')).toHaveAttribute('data-users', 'bob');

  await bob.enterRoom('random');
  await expect(ada.seenBy('First')).toHaveCount(0);
  await ada.say('Second');
  await expect(ada.message('Second')).toHaveAttribute('data-status', 'delivered');
  await bob.page.locator(`[data-room="${room}"]`).click();
  await expect(ada.seenBy('Second')).toHaveAttribute('data-users', 'bob');

  // Who comes later knows it too.
  const cleo = await arrive('cleo');
  await expect(cleo.seenBy('Second')).toHaveAttribute('data-users', 'bob');
  await expect(ada.seenBy('Second')).toHaveAttribute('data-users', 'bob cleo');
});
