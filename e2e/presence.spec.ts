import { ChatPage } from './support/chat-page.ts';
import { demo, expect, test } from './support/test.ts';

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
  await second.open({ url: gateway.httpUrl, room, name: 'ada' });
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

test('a reload is no coming and going', async ({ arrive, gateway }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);
  const moments = await ada.watchPeople();

  await bob.page.reload();
  await bob.isLive();
  await bob.meets(['ada', 'bob']);
  // By now he would be gone; somebody who comes after that shows that all there was to tell has been told.
  await gateway.clock.advance('1m');
  await arrive('cleo');
  await ada.meets(['ada', 'bob', 'cleo']);
  for (const names of await moments()) expect(names).toContain('bob');
});

test('who closes the page has gone when the grace is over, not before', async ({ arrive, gateway, room }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);

  await bob.page.close();
  await expect(gateway).not.toHaveConnection('bob');
  // The demo leaves the grace at its default of 5 s. SPEC.md section 9.
  await gateway.clock.advance('2s');
  await expect(gateway).toHaveMember(`chat:${room}`, 'bob');
  await gateway.clock.advance('3s');
  await expect(gateway).not.toHaveMember(`chat:${room}`, 'bob');
  await ada.meets(['ada']);
});

test.describe('where lists are short', () => {
  const open = { allow: { '*': 'users' } } as const;
  const channels = {
    'chat:{room}': { ...open, history: true, presence: { listUpTo: 2 } },
    'typing:{room}': open,
    'user:{name}': { ...open, history: true },
  };
  test.use({ sluice: { ...demo, channels } });

  test('a crowd is counted, and listed by page for who wants to know', async ({ arrive }) => {
    const ada = await arrive('ada');
    const bob = await arrive('bob');
    await ada.meets(['ada', 'bob']);
    const cleo = await arrive('cleo');
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
});

test('the company finds together again after the gateway has lost everything', async ({ arrive, faults }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);
  await faults.crash();
  await expect(ada.badge).not.toHaveAttribute('data-state', 'connected');
  await faults.recover();
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
  await expect(ada.typing).toHaveCount(0);

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
