import { expect, test } from './support/test.ts';

test('the conversation continues by itself after the gateway loses everything', async ({
  arrive,
  startCommandLine,
}) => {
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
  // The log began a new epoch. The page reports that the number of lost messages is unknown.
  for (const person of [ada, bob]) {
    await expect(person.gaps).toHaveAttribute('data-reason', 'epoch_changed');
    await expect(person.gaps).toContainText('not available');
  }
  await bob.say('After');
  for (const person of [ada, bob]) await person.reads(['Before', 'Meanwhile', 'After']);
  // The notice is at the position of the gap.
  const order = await ada.page.getByTestId('messages').locator('[data-testid="gap"], [data-testid="message"]').all();
  const kinds = await Promise.all(order.map((item) => item.getAttribute('data-testid')));
  expect(kinds).toEqual(['message', 'gap', 'message', 'message']);
});

test('clients of a draining gateway disconnect and reconnect', async ({ arrive, startCommandLine }) => {
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
