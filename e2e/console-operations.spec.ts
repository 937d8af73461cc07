import type { Page } from '@playwright/test';
import type { CommandLineGateway } from './support/command-line-gateway.ts';
import { SlowReader } from './support/slow-reader.ts';
import { test as base, expect } from './support/test.ts';
import { surplusOf, violationsOn } from './support/violations.ts';

interface Tokens {
  readonly token: string;
  readonly apiKey: string;
}

/** Operators and clients of a gateway whose webhook, hook and bridge reach nobody. */
class Site {
  readonly gateway: CommandLineGateway;

  constructor(gateway: CommandLineGateway) {
    this.gateway = gateway;
  }

  async tokens(user: string): Promise<Tokens> {
    return (await (await fetch(`${this.gateway.url}/dev/token?sub=${user}`)).json()) as Tokens;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the answers of different routes
  async call(path: string, body?: object, method = body === undefined ? 'GET' : 'POST'): Promise<any> {
    const { apiKey } = await this.tokens('backend');
    const response = await fetch(`${this.gateway.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  }

  /** A message that no consumer wants. */
  async killLetter(reason: string): Promise<void> {
    const group = '/channels/jobs:mail/groups/queue';
    await this.gateway.publish({ channel: 'jobs:mail', data: { to: 'nobody@example.com' } });
    const { deliveries } = await this.call(`${group}/lease`, { max: 1, wait: 30_000 });
    await this.call(`${group}/nack`, { deliveries: [deliveries[0].id], dead: true, reason });
  }

  /** Publishes until the buffers of a reader are full, those of the operating system as well. */
  async overflow(channel: string): Promise<void> {
    const data = 'x'.repeat(60_000);
    for (;;) {
      for (let at = 0; at < 20; at++) await this.gateway.publish({ channel, data });
      const { connections } = await this.call('/connections?slow=true');
      if (connections.length > 0) return;
    }
  }

  /** A page of the console. */
  async open(page: Page, hash = ''): Promise<void> {
    await page.goto(`${this.gateway.url}/console/${hash}`);
  }
}

const test = base.extend<{ site: Site }>({
  site: async ({ startCommandLine }, use) => {
    const config = new URL('./support/operations.yaml', import.meta.url).pathname;
    const env = { SLUICE_TEST_WEBHOOK_KEY: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    await use(new Site(await startCommandLine({ config, env })));
  },
});

/** Sends a command on a connection of its own, as a page does. */
async function send(page: Page, site: Site, user: string, command: object): Promise<void> {
  const { token } = await site.tokens(user);
  await page.goto(`${site.gateway.url}/console/favicon.svg`); // a page of the same origin
  await page.evaluate(
    ([accepted, wish]) =>
      new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`, 'sluice.v1.json');
        socket.onerror = () => reject(new Error('no connection'));
        socket.onopen = () => socket.send(JSON.stringify([{ type: 'connect', id: 1, token: accepted }, wish]));
        socket.onmessage = ({ data }) => {
          const answers = [JSON.parse(data)].flat() as { id?: number }[];
          if (answers.some(({ id }) => id === 2)) resolve();
        };
      }),
    [token, { ...command, id: 2 }] as const,
  );
}

test('an operator finds a slow reader, a denied user and a dead letter from the overview', async ({
  site,
  newPage,
}) => {
  const { token } = await site.tokens('sam');
  const sam = await SlowReader.subscribe(site.gateway.url, { token, channel: 'feed:prices' });
  await site.overflow('feed:prices');
  const { page: eve } = await newPage();
  await send(eve, site, 'eve', { type: 'publish', channel: 'staff:room', data: 'let me in' });
  await site.killLetter('SMTP 550: no such mailbox');

  const { page } = await newPage();
  await site.open(page);
  await page.getByTestId('concern').filter({ hasText: 'sam reads too slowly' }).click();
  await expect(page.getByTestId('slow')).toContainText('sam');
  await page.getByTestId('slow').getByRole('link', { name: 'sam' }).click();
  await expect(page.getByRole('region', { name: 'Trace of sam' })).toContainText('reads too slowly');

  await page.getByTestId('nav-overview').click();
  await page.getByTestId('concern').filter({ hasText: 'eve was refused' }).click();
  const refused = page.getByRole('region', { name: 'Refused' });
  await expect(refused).toContainText('"publish" on "staff:room" is not allowed to user "eve"');
  await refused.getByRole('link', { name: 'Explain' }).click();
  await expect(page.getByTestId('explanation')).toContainText('role:staff');

  await page.getByTestId('nav-overview').click();
  await page.getByTestId('concern').filter({ hasText: '1 dead letter in jobs:mail' }).click();
  await expect(page.getByTestId('letter')).toContainText('SMTP 550: no such mailbox');
  sam.close();
});

test('shows webhooks with their errors, and pauses, resumes, tests and replays them', async ({ site, newPage }) => {
  const { page: ada } = await newPage();
  await send(ada, site, 'ada', { type: 'ping' });
  const { page } = await newPage();
  await site.open(page, '#/webhooks');
  const crm = page.getByTestId('webhook').filter({ hasText: 'crm' });
  await expect(crm.getByTestId('webhook-state')).toHaveText('failing');
  await expect(crm.getByTestId('webhook-error')).toContainText('ECONNREFUSED');

  await crm.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await expect(crm.getByTestId('webhook-state')).toHaveText('paused');
  await expect(crm.getByRole('status')).toHaveText('Paused on all nodes.');
  await crm.getByRole('button', { name: 'Resume' }).click();
  await expect(crm.getByTestId('webhook-state')).toHaveText('failing');

  await crm.getByRole('button', { name: 'Test' }).click();
  await expect(crm.getByRole('status')).toContainText('webhook.test');
  await crm.getByRole('button', { name: 'Replay' }).click();
  await expect(page.getByTestId('replay-since')).toBeVisible();
  expect(await violationsOn(page), 'in the dialog').toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
  await expect(crm.getByRole('status')).toContainText('sent again');
});

test('shows a hook whose backend is away, also on the overview', async ({ site, newPage }) => {
  const { page: ada } = await newPage();
  const { page } = await newPage();
  await site.open(page, '#/hooks');
  await expect(page.getByTestId('hook-state')).toHaveText('ok');
  await send(ada, site, 'ada', { type: 'subscribe', channel: 'guarded:a' });
  await site.open(page);
  await page.getByTestId('concern').filter({ hasText: 'Hook guard: failing' }).click();
  await expect(page.getByTestId('hook-state')).toHaveText('failing');
  await expect(page.getByTestId('hook-error')).toContainText('subscribe: ');
  await expect(page.getByTestId('hook-error')).toContainText('ECONNREFUSED');
  await expect(page.getByText('The gateway refuses what it has no answer about')).toBeVisible();
});

test('shows a bridge whose broker is away, and what happens next', async ({ site, newPage }) => {
  await site.gateway.publish({ channel: 'audit', data: 1 });
  const { page } = await newPage();
  await site.open(page, '#/bridges');
  const bridge = page.getByTestId('bridge');
  await expect(bridge).toContainText('waiting');
  await expect(bridge).toContainText('gateway-1');
  await expect(bridge.getByRole('cell', { name: '1', exact: true })).toBeVisible(); // its lag
  await expect(page.getByTestId('bridge-error')).toContainText('ECONNREFUSED');
  await expect(page.getByText('The bridge tries again by itself')).toBeVisible();
});

test('shows what is published later, withdraws it, and deletes a schedule', async ({ site, newPage }) => {
  const nightly = { channel: 'chat:news', cron: '30 2 * * *', data: { report: 'sales' } };
  await site.call('/schedules/nightly', nightly, 'PUT');
  await site.call('/schedule', {
    channel: 'chat:a',
    data: { text: 'a surprise' },
    event: 'reminder',
    delay: 3_600_000,
  });
  const { page } = await newPage();
  await site.open(page, '#/schedules');
  await expect(page.getByTestId('schedule')).toHaveCount(2);
  await expect(page.getByTestId('schedule').filter({ hasText: 'weekly-digest' })).toContainText('Europe/Berlin');
  await expect(page.getByRole('button', { name: 'Delete' })).toHaveCount(1); // not the one of the configuration
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByTestId('schedule')).toHaveCount(1);

  await page.getByTestId('waiting-channel').fill('chat:a');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('waiting')).toContainText('reminder');
  await expect(page.getByText('a surprise')).toHaveCount(0);
  await page.getByLabel('Show payloads').check();
  await expect(page.getByText('a surprise')).toBeVisible();
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
  await expect(page.getByText('No message waits on chat:a')).toBeVisible();
});

test('shows the messages of a channel and the frames of a user as they come', async ({ site, newPage }) => {
  const { page } = await newPage();
  await site.open(page, '#/channels/chat:a');
  await expect(page.getByTestId('live')).toBeVisible();
  await site.gateway.publish({ channel: 'chat:a', data: 'first words' });
  await expect(page.getByTestId('message')).toHaveCount(1);
  await expect(page.getByTestId('data')).toHaveText('13');
  await page.getByTestId('show-payloads').check();
  await expect(page.getByTestId('data')).toHaveText('"first words"');
  await site.gateway.publish({ channel: 'chat:a', data: 'more words' });
  await expect(page.getByTestId('data').first()).toHaveText('"more words"');

  await site.open(page, '#/users/ada');
  await expect(page.getByTestId('live')).toBeVisible();
  await page.getByTestId('trace-payloads').check();
  const { page: ada } = await newPage();
  await send(ada, site, 'ada', { type: 'publish', channel: 'chat:a', data: 'a frame' });
  const trace = page.getByRole('region', { name: 'Trace of ada' });
  await expect(trace).toContainText('→ publish chat:a');
  await expect(trace).toContainText('"a frame"');
  await page.getByTestId('trace-filter').fill('publish');
  await expect(page.getByTestId('step')).toHaveCount(1);
});

test('says which verb is missing', async ({ startCommandLine, newPage }) => {
  const key = 'a-key-that-may-manage-but-read-no-history';
  const config = new URL('./support/console.yaml', import.meta.url).pathname;
  const env = { SLUICE_TEST_KEY: 'a-key-that-may-do-everything', SLUICE_TEST_MANAGER_KEY: key };
  const gateway = await startCommandLine({ config, dev: false, env });
  const { page } = await newPage();
  await page.goto(`${gateway.url}/console/#/channels/chat:a`);
  await page.getByTestId('key').fill(key);
  await page.keyboard.press('Enter');
  await expect(page.getByText('"history" on "chat:a" is not allowed to the API key "managers"')).toBeVisible();
  await expect(page.getByTestId('live')).toBeVisible(); // what is published may be seen
  await page.goto(`${gateway.url}/console/#/webhooks`);
  await expect(page.getByText('No webhook is configured')).toBeVisible();
});

const PAGES = [
  '',
  '#/problems',
  '#/webhooks',
  '#/hooks',
  '#/bridges',
  '#/schedules?channel=chat:a',
  '#/groups/jobs:mail/queue',
];
const SCREENS = [
  { name: 'on a desktop', viewport: { width: 1280, height: 800 } },
  { name: 'on a phone', viewport: { width: 375, height: 667 } },
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const { name, viewport } of SCREENS) {
    test(`no page with problems has accessibility violations ${name} in ${colorScheme} colours`, async ({
      site,
      newPage,
    }) => {
      await site.killLetter('too large');
      await site.call('/schedule', { channel: 'chat:a', data: 1, delay: 3_600_000 });
      const { page: eve } = await newPage();
      await send(eve, site, 'eve', { type: 'subscribe', channel: 'staff:room' });
      const { page } = await newPage({ colorScheme, viewport });
      await site.open(page);
      await expect(page.getByTestId('concern').first()).toBeVisible();
      for (const hash of PAGES) {
        await site.open(page, hash);
        await expect(page.getByRole('main').locator('table, [data-testid="webhook"]').first()).toBeVisible();
        expect(await violationsOn(page), hash).toEqual([]);
        expect(await surplusOf(page), `${hash}: pixels that the page is wider than the screen`).toBe(0);
      }
    });
  }
}
