import type { Page } from '@playwright/test';
import { expect, test } from './support/test.ts';
import { surplusOf, violationsOn } from './support/violations.ts';

interface Problems {
  readonly texts: string[];
}

/** What the browser complains about: errors, and violations of the Content-Security-Policy. */
function watch(page: Page): Problems {
  const texts: string[] = [];
  page.on('pageerror', (error) => texts.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) texts.push(message.text());
  });
  return { texts };
}

async function open(page: Page, url: string, hash = ''): Promise<void> {
  await page.goto(`${url}/console/${hash}`);
}

test('shows what the gateway holds, and is linked from the demo', async ({ arrive, gateway, room }) => {
  const ada = await arrive('ada');
  await ada.say('Hello, operators');
  const [page] = await Promise.all([
    ada.page.context().waitForEvent('page'),
    ada.page.getByTestId('open-console').click(),
  ]);
  const problems = watch(page);
  await expect(page.getByTestId('node')).toHaveCount(1);
  await expect(page.getByTestId('figures')).toContainText('Connections');

  await page.getByTestId('nav-channels').click();
  await page.getByTestId('channel-search').fill(`chat:${room}`);
  await expect(page.getByTestId('channel')).toHaveCount(1);
  await page.getByRole('link', { name: `chat:${room}`, exact: true }).click();
  await expect(page.getByTestId('channel-facts')).toContainText('chat:{room}');
  await expect(page.getByRole('link', { name: 'ada', exact: true })).toBeVisible(); // a member
  await expect(page.getByTestId('message')).toHaveCount(1);

  await expect(page.getByText('Hello, operators')).toHaveCount(0); // payloads are hidden
  await page.getByTestId('show-payloads').check();
  await expect(page.getByTestId('data').first()).toContainText('Hello, operators');

  await page.getByTestId('publish-data').fill('{ "text": "Maintenance at noon" }');
  await page.getByTestId('publish').click();
  await expect(page.getByTestId('message')).toHaveCount(2); // the list is live
  await expect(ada.message('Maintenance at noon')).toBeVisible();

  await page.getByRole('link', { name: 'Who has it?' }).first().click();
  await page.getByTestId('why-user').fill('ada');
  await page.getByTestId('why-ask').click();
  await expect(page.getByTestId('why-summary')).toContainText('written to the connection');
  await page.getByTestId('why-user').fill('nobody');
  await page.getByTestId('why-ask').click();
  await expect(page.getByTestId('why-summary')).toContainText('offline');

  await page.getByLabel('User (empty: anonymous)').fill('ada');
  await page.getByTestId('explain-channel').fill('chat:announcements');
  await page.getByRole('combobox', { name: 'Verb' }).selectOption('publish');
  await page.getByTestId('explain-ask').click();
  await expect(page.getByTestId('explanation')).toContainText('role:admin');
  expect(problems.texts).toEqual([]);
  expect(gateway.httpUrl).toBeTruthy();
});

test('traces a user, and closes a connection', async ({ arrive, gateway, newPage }) => {
  const ada = await arrive('tracy');
  const { page } = await newPage();
  const problems = watch(page);
  await open(page, gateway.httpUrl, '#/users/tracy');
  await expect(page.getByRole('region', { name: 'Trace of tracy' })).toContainText('subscribed to chat:');
  await expect(page.getByTestId('connection')).toHaveCount(1);
  const before = await page.getByTestId('connection').getByRole('rowheader').textContent();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(page.getByRole('heading', { name: `Close the connection ${before}?` })).toBeVisible();
  expect(await violationsOn(page), 'in the dialog').toEqual([]);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await page.getByRole('button', { name: 'Close it' }).click();
  await expect(page.getByTestId('connection')).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Trace of tracy' })).toContainText('closed with 4212');
  await expect(ada.page.getByTestId('connection')).toHaveAttribute('data-state', 'closed');
  expect(problems.texts).toEqual([]);
});

test('asks for a key, says why one is refused, and keeps it out of addresses', async ({
  startCommandLine,
  newPage,
}) => {
  const gateway = await startCommandLine({
    config: new URL('./support/console.yaml', import.meta.url).pathname,
    env: { SLUICE_TEST_KEY: 'a-key-that-may-manage-everything', SLUICE_TEST_MANAGER_KEY: 'a-key-of-other-operators' },
    dev: false,
  });
  const { page } = await newPage();
  const problems = watch(page);
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  await open(page, gateway.url);
  await expect(page.getByRole('heading', { name: 'Console' })).toBeVisible();
  expect(await violationsOn(page), 'at the sign-in').toEqual([]);
  await page.getByTestId('key').fill('not-the-key-of-this-gateway');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('problem')).toBeVisible();
  await page.getByTestId('key').fill('a-key-that-may-manage-everything');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('node')).toHaveCount(1);
  await expect(page.getByText('Read-only')).toBeVisible();
  await open(page, gateway.url, '#/channels/chat:a');
  await expect(page.getByTestId('publish')).toHaveCount(0); // read-only
  await expect(page.getByText('The log holds no message')).toBeVisible();
  await page.reload();
  await expect(page.getByText('The log holds no message')).toBeVisible(); // the tab keeps the key
  expect(addresses.filter((address) => address.includes('a-key-that'))).toEqual([]);
  expect(problems.texts).toEqual([]);
});

test('shows dead letters, and delivers them again', async ({ gateway, newPage, request }) => {
  const { apiKey } = await (await request.get(`${gateway.httpUrl}/dev/token?sub=backend`)).json();
  const post = async (path: string, data: object) => {
    const address = `${gateway.httpUrl}/api/v1/channels/desk:tickets/groups/queue/${path}`;
    return (await request.post(address, { data, headers: { Authorization: `Bearer ${apiKey}` } })).json();
  };
  await gateway.publish('desk:tickets', { subject: 'lost' });
  const { deliveries } = await post('lease', { max: 1, wait: 30_000 });
  await post('nack', { deliveries: [deliveries[0].id], dead: true, reason: 'nobody reads this' });

  const { page } = await newPage();
  await open(page, gateway.httpUrl, '#/groups');
  await page.getByRole('link', { name: 'desk:tickets' }).click();
  await expect(page.getByTestId('letter')).toHaveCount(1);
  await expect(page.getByTestId('letter')).toContainText('nobody reads this');
  await expect(page.getByText('"subject"')).toHaveCount(0);
  await page.getByLabel('Show payloads').check();
  await expect(page.getByText('{"subject":"lost"}')).toBeVisible();
  expect(await violationsOn(page), 'with a dead letter').toEqual([]);
  await page.getByRole('button', { name: 'Redrive all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive', exact: true }).click();
  await expect(page.getByText('No dead letters')).toBeVisible();
  expect((await post('lease', { max: 1, wait: 30_000 })).deliveries[0].message.data).toEqual({ subject: 'lost' });
});

test('says that it has no such page, and leads back', async ({ gateway, newPage }) => {
  const { page } = await newPage();
  await open(page, gateway.httpUrl, '#/nonsense/50%');
  await expect(page.getByTestId('empty')).toContainText('The console has no page “nonsense”');
  expect(await violationsOn(page), 'at a page that does not exist').toEqual([]);
  await page.getByRole('link', { name: 'Go to the overview' }).click();
  await expect(page.getByTestId('node')).toHaveCount(1);
});

const PAGES = [
  '',
  '#/channels',
  '#/channels/chat:lobby',
  '#/users',
  '#/users/ada',
  '#/problems',
  '#/groups',
  '#/schedules',
  '#/webhooks',
  '#/bridges',
  '#/why',
  '#/config',
];
const SCREENS = [
  { name: 'on a desktop', viewport: { width: 1280, height: 800 } },
  { name: 'on a phone', viewport: { width: 375, height: 667 } },
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const { name, viewport } of SCREENS) {
    test(`no page has accessibility violations ${name} in ${colorScheme} colours`, async ({
      arrive,
      gateway,
      newPage,
    }) => {
      const ada = await arrive('ada');
      await ada.say('Is this easy to read?');
      const { page } = await newPage({ colorScheme, viewport });
      const problems = watch(page);
      await open(page, gateway.httpUrl);
      await expect(page.getByTestId('node')).toHaveCount(1);
      for (const hash of PAGES) {
        await open(page, gateway.httpUrl, hash);
        await expect(page.getByRole('main').locator('table, pre, form, [data-testid="empty"]').first()).toBeVisible();
        expect(await violationsOn(page), hash).toEqual([]);
        expect(await surplusOf(page), `${hash}: pixels that the page is wider than the screen`).toBe(0);
      }
      expect(problems.texts).toEqual([]);
    });
  }
}

test('can be used with the keyboard, on a phone as well', async ({ gateway, newPage }) => {
  const { page } = await newPage({ viewport: { width: 375, height: 667 } });
  await open(page, gateway.httpUrl);
  await expect(page.getByTestId('node')).toHaveCount(1);
  await page.keyboard.press('Tab'); // "Skip to the content"
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Pages' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('nav-problems')).toBeVisible();
  await page.getByTestId('nav-problems').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Client problems');
  await expect(page.getByTestId('nav-problems')).toBeHidden();
  await expect(page.getByRole('main')).toBeFocused();
});
