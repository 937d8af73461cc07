import { expect, test } from './support/test.ts';

test('the gateway loses everything, and the conversation goes on by itself', async ({ arrive, startCommandLine }) => {
  const gateway = await startCommandLine();
  const ada = await arrive('ada', { url: gateway.url });
  const bob = await arrive('bob', { url: gateway.url });
  await ada.say('Before');
  await expect(bob.message('Before')).toBeVisible();

  await gateway.crash();
  await expect(ada.badge).not.toHaveAttribute('data-state', 'connected');
  await ada.say('Meanwhile');
  await gateway.start();

  await Promise.all([ada.isLive(), bob.isLive()]);
  // The log began a new life: what was lost with the old one, nobody can know, and the page says so.
  for (const person of [ada, bob]) {
    await expect(person.gaps).toHaveAttribute('data-reason', 'epoch_changed');
    await expect(person.gaps).toContainText('not available');
  }
  await bob.say('After');
  for (const person of [ada, bob]) await person.reads(['Before', 'Meanwhile', 'After']);
  // The notice stands where the break was.
  const order = await ada.page.getByTestId('messages').locator('[data-testid="gap"], [data-testid="message"]').all();
  const kinds = await Promise.all(order.map((item) => item.getAttribute('data-testid')));
  expect(kinds).toEqual(['message', 'gap', 'message', 'message']);
});

test('a gateway that drains sends its people away, and they come back', async ({ arrive, startCommandLine }) => {
  const gateway = await startCommandLine();
  const ada = await arrive('ada', { url: gateway.url });
  const badgeOfAda = await ada.watchBadge();

  await gateway.drain();
  await expect(ada.badge).not.toHaveAttribute('data-state', 'connected');
  await gateway.start();
  await ada.isLive();

  const states = await badgeOfAda();
  expect(states).toContain('reconnecting');
  expect(states).not.toContain('closed');
  expect(states.at(-1)).toBe('connected');
  await ada.say('Here again');
  await expect(ada.message('Here again')).toHaveAttribute('data-status', 'delivered');
});
