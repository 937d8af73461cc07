import { expect, test } from './support/test.ts';

test('a visitor breaks the connection, and no message is lost', async ({ arrive, room }) => {
  const ada = await arrive('ada');
  const bob = await arrive('bob');
  await ada.page.getByTestId('open-hood').click();
  const hood = ada.page.getByTestId('hood');
  await expect(hood.getByTestId('hood-state')).toHaveText('connected');
  await expect(hood.getByTestId('hood-subscription').filter({ hasText: `chat:${room}` })).toContainText('live');

  await hood.getByTestId('cut').click();
  await expect(hood.getByTestId('hood-state')).not.toHaveText('connected');
  await bob.say('While you were away');
  await hood.getByTestId('cut').click();
  await expect(ada.message('While you were away')).toBeVisible();
  await expect(hood.getByTestId('hood-state')).toHaveText('connected');

  await hood.getByTestId('send-away').click();
  await expect(hood.getByTestId('frame').filter({ hasText: 'connect' })).not.toHaveCount(1);
  await expect(hood.getByTestId('hood-state')).toHaveText('connected');

  await hood.getByTestId('slow').click();
  await bob.say('Slowly');
  await expect(ada.message('Slowly')).toBeVisible();
  await hood.getByTestId('slow').click();
  await expect(hood).not.toContainText('While you were away'); // no data
  await hood.getByRole('button', { name: 'Close' }).click();
  await expect(hood).toBeHidden();
});
