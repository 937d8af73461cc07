import { DeskPage } from './support/desk-page.ts';
import { expect, test } from './support/test.ts';
import { surplusOf, violationsOn } from './support/violations.ts';

test('everything can be done with the keyboard', async ({ newPage, gateway, room }) => {
  const ada = await newPage();
  const { keyboard } = ada.page;
  await ada.open({ url: gateway.httpUrl });
  await expect(ada.nameField).toBeFocused();
  await keyboard.type('ada');
  await keyboard.press('Enter');
  await ada.isLive();

  await ada.tabTo(ada.roomField);
  await keyboard.type(room);
  await keyboard.press('Enter');
  await expect(ada.page.getByRole('heading', { level: 1 })).toHaveText(room);
  await ada.isLive();

  await ada.tabTo(ada.composer);
  await keyboard.type('No mouse was harmed');
  await keyboard.press('Enter');
  await expect(ada.message('No mouse was harmed')).toHaveAttribute('data-status', 'delivered');

  await ada.tabTo(ada.people);
  await keyboard.press('Enter');
  await expect(ada.page.getByTestId('member')).toHaveCount(1);
  await expect(ada.page.getByTestId('people-list')).toBeVisible();
  await keyboard.press('Escape');
  await expect(ada.page.getByTestId('people-list')).toBeHidden();
  await expect(ada.people).toBeFocused();

  await ada.tabTo(ada.bell);
  await keyboard.press('Enter');
  await expect(ada.panel).toBeVisible();
  await keyboard.press('Escape');
  await expect(ada.panel).toBeHidden();
  await expect(ada.bell).toBeFocused();
});

const SCREENS = [
  { name: 'on a desktop', viewport: { width: 1280, height: 800 } },
  { name: 'on a phone', viewport: { width: 375, height: 667 } },
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const { name, viewport } of SCREENS) {
    test(`there are no accessibility violations ${name} in ${colorScheme} colours`, async ({
      newPage,
      gateway,
      room,
    }) => {
      const ada = await newPage({ colorScheme, viewport });
      await ada.open({ url: gateway.httpUrl });
      await expect(ada.nameField).toBeVisible();
      expect(await violationsOn(ada.page), 'on the sign-in page').toEqual([]);

      await gateway.publish(`chat:${room}`, { text: 'See https://example.com' });
      await ada.open({ url: gateway.httpUrl, room, name: 'ada' });
      await ada.isLive();
      await ada.say('Is this easy to read?');
      await expect(ada.message('Is this easy to read?')).toHaveAttribute('data-status', 'delivered');
      expect(await violationsOn(ada.page), 'in a room').toEqual([]);

      const bob = await newPage({ viewport });
      await bob.open({ url: gateway.httpUrl, room, name: 'bob' });
      await bob.isLive();
      await expect(ada.seenBy('Is this easy to read?')).toBeVisible();
      await ada.people.click();
      await expect(ada.page.getByTestId('member')).toHaveCount(2);
      await bob.composer.pressSequentially('Very');
      await expect(ada.typing).toBeVisible();
      expect(await violationsOn(ada.page), 'with the open list of members, one of them typing').toEqual([]);
      await ada.page.keyboard.press('Escape');
      await expect(ada.page.getByTestId('people-list')).toBeHidden();

      await gateway.publish('user:ada', { title: 'Hello', body: 'Can you read this?' });
      await expect(ada.page.getByTestId('toast').first()).toBeVisible();
      expect(await violationsOn(ada.page), 'with a toast').toEqual([]);
      await ada.openBell();
      await expect(ada.notifications.first()).toBeVisible();
      expect(await violationsOn(ada.page), 'with the notifications open').toEqual([]);
      for (let number = 1; number <= 12; number++) await gateway.publish('user:ada', { title: `Number ${number}` });
      const list = ada.page.getByTestId('notification-list');
      await expect.poll(() => list.evaluate((ul) => ul.scrollHeight > ul.clientHeight)).toBe(true);
      expect(await violationsOn(ada.page), 'with more notifications than fit').toEqual([]);
      await list.focus();
      await ada.page.keyboard.press('End');
      await expect.poll(() => list.evaluate((ul) => ul.scrollTop)).toBeGreaterThan(0);

      expect(await surplusOf(ada.page), 'pixels that the page is wider than the screen').toBe(0);
    });

    test(`there are none at the desk ${name} in ${colorScheme} colours`, async ({ newPage, gateway }) => {
      const { page } = await newPage({ colorScheme, viewport });
      const ada = new DeskPage(page);
      await ada.open(gateway.httpUrl, 'ada');
      expect(await violationsOn(page), 'with an empty queue').toEqual([]);
      for (const [subject, region] of [
        ['lost', 'Asia'],
        ['found', 'Americas'],
      ] as const) {
        await ada.openTicket(subject, region);
      }
      await ada.takeTickets();
      await ada.decide('Put aside');
      await expect(ada.deadLetters).toHaveCount(1);
      await expect(ada.current).toContainText('found');
      await page.getByRole('textbox', { name: 'Question' }).fill('Hello?');
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      await expect(page.getByTestId('no-answer')).toBeVisible();
      expect(await violationsOn(page), 'with a ticket, a dead letter, and no answer').toEqual([]);
      expect(await surplusOf(page), 'pixels that the page is wider than the screen').toBe(0);
    });
  }
}
