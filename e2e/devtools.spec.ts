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

test('a visitor who is slow makes the gateway wait, and misses nothing', async ({ arrive, gateway, room, request }) => {
  const ada = await arrive('ada');
  await ada.page.getByTestId('open-hood').click();
  const hood = ada.page.getByTestId('hood');
  await hood.getByTestId('slow').click();
  await expect(hood.getByTestId('hood-state')).toHaveText('connected'); // again

  const { apiKey } = await (await request.get(`${gateway.httpUrl}/dev/token?sub=operator`)).json();
  const slowReaders = async () => {
    const address = `${gateway.httpUrl}/api/v1/connections?slow=true&user=ada`;
    const answer = await request.get(address, { headers: { Authorization: `Bearer ${apiKey}` } });
    return (await answer.json()).connections.length as number;
  };
  // The buffers of the browser and of the operating system take some megabytes.
  while ((await slowReaders()) === 0) {
    for (let at = 0; at < 20; at++)
      await gateway.publish(`chat:${room}`, { text: 'much', padding: 'x'.repeat(60_000) });
  }
  await gateway.publish(`chat:${room}`, { text: 'the last words' });
  await hood.getByTestId('slow').click();
  await expect(ada.message('the last words')).toBeVisible();
  expect(await slowReaders()).toBe(0);
});
