import { ChatPage } from './support/chat-page.ts';
import { demo, expect, test } from './support/test.ts';

test('users see who else is in the room, and only in this room', async ({ arrive }) => {
  const ada = await arrive('ada');
  await ada.meets(['ada']);
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);
  await bob.meets(['ada', 'bob']);
  await expect(ada.page.getByTestId('comings')).toHaveText('bob joined');

  // Entering another room leaves this one at once.
  await bob.enterRoom('random');
  await ada.meets(['ada']);
  await expect(ada.page.getByTestId('comings')).toHaveText('bob left');
  expect([...ada.errors, ...bob.errors]).toEqual([]);
});

test('the list shows names, the own user, and the number of windows of each', async ({ arrive, gateway, room }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  const second = new ChatPage(await ada.page.context().newPage());
  await second.open({ url: gateway.httpUrl, room, name: 'ada' });
  await second.isLive();

  // Two windows, one user.
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

test('a reload causes no leave and join', async ({ arrive, gateway }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);
  const moments = await ada.watchPeople();

  await bob.page.reload();
  await bob.isLive();
  await bob.meets(['ada', 'bob']);
  // The grace period is over now. A later join shows that no leave was announced.
  await gateway.clock.advance('1m');
  await arrive('cleo');
  await ada.meets(['ada', 'bob', 'cleo']);
  for (const names of await moments()) expect(names).toContain('bob');
});

test('a user who closes the page leaves after the grace period, not before', async ({ arrive, gateway, room }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.meets(['ada', 'bob']);

  await bob.page.close();
  await expect(gateway).not.toHaveConnection('bob');
  // The demo uses the default grace period of 5 s. SPEC.md section 9.
  await gateway.clock.advance('2s');
  await expect(gateway).toHaveMember(`chat:${room}`, 'bob');
  await gateway.clock.advance('3s');
  await expect(gateway).not.toHaveMember(`chat:${room}`, 'bob');
  await ada.meets(['ada']);
});

test.describe('with short lists', () => {
  const open = { allow: { '*': 'users' } } as const;
  const channels = {
    'chat:{room}': { ...open, history: true, presence: { listUpTo: 2 } },
    'typing:{room}': open,
    'user:{name}': { ...open, history: true },
  };
  test.use({ sluice: { ...demo, channels } });

  test('many members are counted, and listed by page on request', async ({ arrive }) => {
    const ada = await arrive('ada');
    const bob = await arrive('bob');
    await ada.meets(['ada', 'bob']);
    const cleo = await arrive('cleo');
    await expect(ada.people).toHaveAttribute('data-total', '3');
    await expect(ada.people).toContainText('3 people in this room');
    await expect(ada.faces).toHaveCount(0);
    await ada.people.click();
    await expect(ada.page.getByTestId('member')).toHaveCount(3);

    // The list returns only when there are clearly fewer members, so that it does not flicker.
    await Promise.all([bob.enterRoom('random'), cleo.enterRoom('random')]);
    await ada.meets(['ada']);
    await expect(ada.page.getByTestId('member')).toHaveCount(1);
  });
});

test('members appear again after the gateway has lost everything', async ({ arrive, faults }) => {
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

test('users see who is typing, until the message arrives or the typing stops', async ({ arrive }) => {
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

test('users see how far the others have read', async ({ arrive, room }) => {
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

  // A user who joins later sees it too.
  const cleo = await arrive('cleo');
  await expect(cleo.seenBy('Second')).toHaveAttribute('data-users', 'bob');
  await expect(ada.seenBy('Second')).toHaveAttribute('data-users', 'bob cleo');
});
