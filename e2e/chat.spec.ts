import { expect, test } from './support/test.ts';

test('two users exchange messages in a room and see who wrote what', async ({ arrive }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');

  await ada.say('Hello Bob');
  await expect(bob.message('Hello Bob')).toHaveAttribute('data-author', 'ada');
  await expect(ada.message('Hello Bob')).toHaveAttribute('data-status', 'delivered');

  await bob.say('Hello Ada');
  await expect(ada.message('Hello Ada')).toHaveAttribute('data-author', 'bob');

  await ada.reads(['Hello Bob', 'Hello Ada']);
  await bob.reads(['Hello Bob', 'Hello Ada']);
  expect([...ada.errors, ...bob.errors]).toEqual([]);
});

test('a user signs in and sees the earlier messages', async ({ arrive, newPage, gateway, room }) => {
  const ada = await arrive('ada');
  const sentences = Array.from({ length: 12 }, (_, index) => `Sentence ${index + 1}`);
  for (const text of sentences) await ada.say(text);
  await ada.reads(sentences);

  const cleo = await newPage();
  await cleo.open({ url: gateway.httpUrl, room });
  await cleo.nameField.fill('Cleo');
  await cleo.joinButton.click();
  await cleo.isLive();

  await cleo.reads(sentences);
  expect(await cleo.offsets()).toEqual(sentences.map((_, index) => index + 1));
  await expect(cleo.page.getByTestId('user')).toContainText('Cleo');
});

test('all users see the same order when many write at once', async ({ arrive }) => {
  const [ada, bob] = await Promise.all([arrive('ada'), arrive('bob')]);
  const numbers = Array.from({ length: 15 }, (_, index) => index + 1);
  const talk = async (person: typeof ada, name: string) => {
    for (const number of numbers) await person.say(`${name} ${number}`);
  };
  await Promise.all([talk(ada, 'ada'), talk(bob, 'bob')]);

  await expect(ada.messages).toHaveCount(2 * numbers.length);
  await expect(ada.page.locator('[data-status="sending"]')).toHaveCount(0);
  const order = await ada.texts.allTextContents();
  await bob.reads(order);
  for (const name of ['ada', 'bob']) {
    expect(order.filter((text) => text.startsWith(name))).toEqual(numbers.map((number) => `${name} ${number}`));
  }
});

test('rooms show only their own messages and their unread count', async ({ arrive }) => {
  const ada = await arrive('ada', { room: 'design' });
  const bob = await arrive('bob', { room: 'engineering' });
  const word = `Colours ${Date.now()}`;

  await ada.say(word);
  await expect(bob.page.locator('[data-room="design"]').getByTestId('unread')).toBeVisible();
  await expect(bob.message(word)).toHaveCount(0);

  await bob.enterRoom('design');
  await expect(bob.message(word)).toBeVisible();
  await expect(bob.page.locator('[data-room="design"]').getByTestId('unread')).toHaveCount(0);
});

test('the page sends requests only to its own gateway', async ({ arrive, gateway }) => {
  const ada = await arrive('ada');
  await ada.say('https://example.com/ is a link, and stays one');
  await expect(ada.messages.getByRole('link')).toHaveAttribute('href', 'https://example.com/');
  await ada.openBell();

  expect(ada.requests.length).toBeGreaterThan(3);
  const hosts = new Set(ada.requests.map((address) => new URL(address).host));
  expect([...hosts]).toEqual([new URL(gateway.httpUrl).host]);
});
