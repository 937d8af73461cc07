import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test as base, expect } from '@sluice/playwright';

const sdk = fileURLToPath(new URL('../client-sdk/dist/', import.meta.url));

/** An application without test code: it has its own origin, tokens and gateway address. */
const APP = 'http://localhost:4444';
const page = (client: string) => `<!doctype html>
<link rel="icon" href="data:,">
<ul></ul>
<button>Send</button>
<script type="module">
  import { createClient } from '/sdk/index.js';
  const client = createClient(${client});
  const lobby = client.channel('chat:lobby');
  lobby.presence.enter();
  lobby.subscribe(({ from, data }) => {
    const item = document.createElement('li');
    item.textContent = from + ': ' + data;
    document.querySelector('ul').append(item);
  }, { rewind: 10, onGap: () => document.body.dataset.gap = 'yes' });
  client.on('state', ({ state }) => document.body.dataset.state = state);
  document.querySelector('button').onclick = () => lobby.publish('Hello', { event: 'greeting' });
</script>`;

const OWN = `{ url: 'wss://gateway.example/ws', token: async () => (await (await fetch('/api/token')).json()).jwt }`;
const INJECTED = 'window.__sluice';

/** The message of a failing matcher. */
async function failureMessage(assertion: Promise<void>): Promise<string> {
  return assertion.then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );
}

const test = base.extend({
  baseURL: APP,
  as: async ({ as }, use) => {
    await use(async (user, options) => {
      // Chromium treats a page with fulfilled routes as a public page, which needs a permission to reach this machine.
      const context = { permissions: ['local-network-access'] };
      const window = await as(user, { ...options, context });
      await window.route(`${APP}/*`, async (route) => {
        const isInjected = new URL(route.request().url()).pathname === '/injected';
        await route.fulfill({ body: page(isInjected ? INJECTED : OWN), contentType: 'text/html' });
      });
      await window.route(`${APP}/sdk/*`, async (route) => {
        const name = new URL(route.request().url()).pathname.slice('/sdk/'.length);
        await route.fulfill({ body: await readFile(`${sdk}${name}`, 'utf8'), contentType: 'text/javascript' });
      });
      return window;
    });
  },
  sluice: { tokenRoute: '**/api/token', tokenAnswer: (jwt: string) => ({ jwt }) },
});

test("an application without test code connects to the test's gateway", async ({ as, gateway }) => {
  const [ada, bob] = await Promise.all([as('ada'), as('bob')]);
  await Promise.all([ada.goto('/'), bob.goto('/')]);
  await expect(ada).toBeLive('chat:lobby');
  await expect(bob).toBeLive('chat:lobby');
  await expect(gateway).toHaveSubscribers('chat:lobby', 2);
  await expect(gateway).toHaveMember('chat:lobby', 'ada');
  await expect(gateway).toHaveConnection('bob');
  await ada.getByRole('button').click();
  await expect(gateway).toHaveReceived('chat:lobby', { from: 'ada', event: 'greeting' });
  await expect(bob.getByText('ada: Hello')).toBeVisible();
  await gateway.publishAs('cleo', 'chat:lobby', 'Good day');
  await expect(ada.getByText('cleo: Good day')).toBeVisible();
});

test('an application may also use the injected options', async ({ as, gateway }) => {
  const ada = await as('ada', { token: { role: 'admin' } });
  await ada.goto('/injected');
  await expect(gateway).toHaveConnection('ada');
  expect(await ada.evaluate(() => (window as unknown as { __sluice: { user: string } }).__sluice.user)).toBe('ada');
});

test('faults affect the application', async ({ as, gateway, faults }) => {
  const ada = await as('ada');
  await ada.goto('/');
  await expect(ada).toBeLive('chat:lobby');
  const body = ada.locator('body');
  faults.refuseConnections();
  faults.drop('ada');
  await expect(body).toHaveAttribute('data-state', /waiting|connecting/);
  await expect(gateway).not.toHaveConnection('ada');
  await gateway.publish('chat:lobby', 'Meanwhile');
  faults.accept();
  await expect(ada.getByText('Meanwhile')).toBeVisible();

  await expect(ada).toBeLive('chat:lobby');
  faults.loseMessage('chat:lobby');
  for (const word of ['Lost', 'Found']) await gateway.publish('chat:lobby', word);
  await expect(ada.getByText('Found')).toBeVisible();
  await expect(body).toHaveAttribute('data-gap', 'yes');

  faults.expireToken('ada');
  await expect(gateway).not.toHaveSubscribers('chat:lobby', 0);
  await gateway.clock.advance('2h');
  await expect(ada).toBeLive('chat:lobby');
});

test('a failing matcher explains what to check if no client has connected', async ({ as, gateway }) => {
  const ada = await as('ada');
  const soon = { timeout: 1 };
  for (const call of [expect(gateway).toHaveConnection('ada', soon), expect(ada).toBeLive('chat:lobby', soon)]) {
    expect(await failureMessage(call)).toMatch(/connected: nobody\. .*sluice\.socketRoute.*sluice\.tokenRoute/);
  }
});

test('a failing matcher reports the actual state', async ({ as, gateway }) => {
  const ada = await as('ada');
  await ada.goto('/');
  await expect(ada).toBeLive('chat:lobby');
  await expect(gateway).toHaveMember('chat:lobby', 'ada');
  await gateway.publish('chat:lobby', { text: 'Hello' });
  const soon = { timeout: 1 };
  expect(await failureMessage(expect(gateway).toHaveMember('chat:lobby', 'bob', soon))).toContain(
    'Received: members: ada',
  );
  expect(await failureMessage(expect(gateway).toHaveConnection('bob', soon))).toContain('Received: connected: ada');
  expect(await failureMessage(expect(gateway).toHaveSubscribers('chat:lobby', 2, soon))).toContain('1 subscribed: ada');
  expect(await failureMessage(expect(ada).toBeLive('chat:other', soon))).toContain(
    '"ada" is subscribed to "chat:other"',
  );
  const received = await failureMessage(expect(gateway).toHaveReceived('chat:lobby', { from: 'bob' }, soon));
  expect(received).toContain('a message with from "bob"');
  expect(received).toContain('a backend: {"text":"Hello"}');
  const not = await failureMessage(expect(gateway).not.toHaveReceived('chat:lobby', ({ offset }) => offset === 1));
  expect(not).toContain('Expected: not a message that matches');
});

test('a matcher rejects a page without a user', async ({ page: other }) => {
  expect(() => expect(other).toBeLive('chat:lobby')).toThrow('Open it with the fixture `as`');
});
