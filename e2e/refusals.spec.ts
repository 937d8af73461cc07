import { mintToken } from '@sluice/server';
import { demo, expect, test } from './support/test.ts';

const HOUR = 3_600_000;
const STRANGE = 'another secret, which the gateway does not know';

const WRONG_TOKENS = [
  {
    what: 'signed with another key',
    error: 'token_signature',
    token: () => mintToken({ secret: STRANGE, algorithm: 'HS256', sub: 'ada', expiresIn: HOUR }),
  },
  {
    what: 'that has expired',
    error: 'token_expired',
    token: (secret: string) =>
      mintToken({ secret, algorithm: 'HS256', sub: 'ada', expiresIn: HOUR, clock: () => Date.now() - 2 * HOUR }),
  },
  { what: 'that is not a JWT', error: 'token_malformed', token: async () => 'open-sesame' },
];

test.describe('a gateway with keys', () => {
  test.use({ sluice: { ...demo, dev: false } });

  for (const { what, error, token } of WRONG_TOKENS) {
    test(`a token ${what} is refused with its reason, once`, async ({ newPage, gateway }) => {
      const ada = await newPage();
      await ada.open({ url: gateway.httpUrl, token: await token(gateway.secret) });

      await ada.shows('closed');
      await expect(ada.badge).toContainText(error);
      await expect(ada.banner).toContainText('The gateway refused the token');
      await expect(ada.banner).toContainText(error);
      // The same token would be refused again, so the page does not retry.
      expect(ada.requests.filter((address) => address.startsWith('ws:'))).toHaveLength(1);

      await ada.banner.getByRole('button', { name: 'Reconnect' }).click();
      await expect.poll(() => ada.requests.filter((address) => address.startsWith('ws:')).length).toBe(2);
      await ada.shows('closed');
    });
  }

  test('a token in the address works like one from the gateway', async ({ newPage, gateway, room }) => {
    const ada = await newPage();
    await ada.open({ url: gateway.httpUrl, room, token: await gateway.token('ada') });
    await ada.isLive();
    await ada.say('Here I am');
    await expect(ada.message('Here I am')).toHaveAttribute('data-status', 'delivered');
  });

  test('the page explains how to get a token if the gateway does not issue tokens', async ({ newPage, gateway }) => {
    const ada = await newPage();
    await ada.open({ url: gateway.httpUrl, name: 'ada' });
    await expect(ada.page.getByTestId('no-tokens')).toContainText('sluice serve --dev');
  });
});

test('a user without permission sees which verb on which channel was refused', async ({ arrive, gateway }) => {
  const ada = await arrive('ada', { room: 'announcements' });
  await ada.say('Free cake');

  await expect(ada.refusal).toHaveAttribute('data-error', 'permission_denied');
  await expect(ada.refusal).toContainText('publish');
  await expect(ada.refusal).toContainText('chat:announcements');
  await ada.page.reload();
  await expect(ada.refusal).toHaveAttribute('data-error', 'permission_denied');
  await ada.refusal.getByRole('button', { name: 'Try again' }).click();
  await expect(ada.message('Free cake')).toHaveAttribute('data-status', 'failed');
  await ada.refusal.getByRole('button', { name: 'Discard' }).click();
  await expect(ada.message('Free cake')).toHaveCount(0);

  await gateway.publish('chat:announcements', { text: 'The canal is open' });
  await expect(ada.message('The canal is open').last()).toBeVisible();
});
