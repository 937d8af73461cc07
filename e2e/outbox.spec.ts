import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { test as base, expect } from './support/test.ts';

const sdk = fileURLToPath(new URL('../client-sdk/dist/', import.meta.url));

/** A chat for use without a network: a service worker serves the page offline. */
const html = `<!doctype html>
<link rel="icon" href="data:,">
<title>Chat</title>
<input id="text"><button id="send">Send</button>
<ol id="pending"></ol>
<ol id="messages"></ol>
<script type="module">
  import { createClient } from '/sdk/index.js';
  import { createOutbox } from '/sdk/outbox.js';
  const $ = (id) => document.getElementById(id);
  const channel = 'chat:' + (new URLSearchParams(location.search).get('room') ?? 'outbox');
  const fill = (list, texts) => list.replaceChildren(...texts.map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
  const client = createClient({
    url: location.origin.replace('http', 'ws') + '/ws',
    token: async () => (await (await fetch('/dev/token?sub=ada')).json()).token,
  });
  client.on('state', ({ state }) => { document.body.dataset.state = state; });
  const outbox = createOutbox(client, { user: 'ada' });
  window.outbox = outbox;
  window.errors = [];
  outbox.on('error', ({ name }) => errors.push(name));
  const pending = outbox.channel(channel);
  const show = () => fill($('pending'), pending.messages.map(({ data, status }) => data.text + ': ' + status));
  pending.on('change', show);
  $('send').onclick = () => {
    pending.publish({ text: $('text').value });
    show();
  };
  const texts = [];
  client.channel(channel).subscribe(({ data }) => { texts.push(data.text); fill($('messages'), texts); }, { rewind: 50 });
  await outbox.ready;
  show();
  await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
  document.title = 'Ready';
</script>`;

const FILES = ['/', '/index.html', '/sdk/index.js', '/sdk/on-demand.js', '/sdk/outbox.js', '/sdk/share-tabs.js'];
const worker = `
addEventListener('install', (event) => event.waitUntil(
  caches.open('page').then((cache) => cache.addAll(${JSON.stringify(FILES)})).then(() => skipWaiting())));
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  if (event.request.url.includes('/dev/')) return;
  event.respondWith(caches.match(event.request, { ignoreSearch: true }).then((found) => found ?? fetch(event.request)));
});`;

const test = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-outbox-'));
    await mkdir(join(folder, 'sdk'));
    for (const file of ['index.js', 'on-demand.js', 'outbox.js', 'share-tabs.js']) {
      await copyFile(join(sdk, file), join(folder, 'sdk', file));
    }
    await writeFile(join(folder, 'index.html'), html);
    await writeFile(join(folder, 'worker.js'), worker);
    await use(folder);
    await rm(folder, { recursive: true });
  },
});

async function write(page: Page, text: string): Promise<void> {
  await page.fill('#text', text);
  await page.click('#send');
}

/** Lets a test close the page's databases, as iOS does for background pages, and refuse to open them. */
const UNDER_THE_PAGE = `
const open = indexedDB.open.bind(indexedDB);
const databases = [];
window.refusing = false;
indexedDB.open = (...parameters) => {
  if (window.refusing) throw new DOMException('refused', 'UnknownError');
  const request = open(...parameters);
  request.addEventListener('success', () => databases.push(request.result));
  return request;
};
window.closeDatabases = () => databases.splice(0).forEach((database) => database.close());`;

interface Exposed {
  readonly outbox: { readonly persistent: boolean };
  readonly errors: string[];
  refusing: boolean;
  closeDatabases(): void;
}

const inPage = <Result>(page: Page, act: (exposed: Exposed) => Result) =>
  page.evaluate(`(${act})(window)`) as Promise<Result>;

const messages = (page: Page) => page.locator('#messages li');
const pending = (page: Page) => page.locator('#pending li');

test('messages written without a network survive closing the tab, and arrive once and in order', async ({
  startCommandLine,
  folder,
  newPage,
}) => {
  const gateway = await startCommandLine({ folder });
  const { page } = await newPage();
  const context = page.context();
  await page.goto(gateway.url);
  await expect(page).toHaveTitle('Ready');
  await write(page, 'above ground');
  await expect(messages(page)).toHaveText(['above ground']);
  await expect(pending(page)).toHaveCount(0);

  await context.setOffline(true);
  await gateway.crash();
  await expect(page.locator('body')).not.toHaveAttribute('data-state', 'connected');
  const texts = ['one', 'two', 'three'];
  for (const text of texts) await write(page, text);
  await expect(pending(page)).toHaveText(texts.map((text) => `${text}: queued`));
  await page.close();

  const again = await context.newPage();
  await again.goto(gateway.url);
  await expect(again).toHaveTitle('Ready');
  await expect(pending(again)).toHaveText(texts.map((text) => `${text}: queued`));
  await write(again, 'four');
  await expect(pending(again)).toHaveCount(4);
  await again.reload();
  await expect(pending(again)).toHaveText([...texts, 'four'].map((text) => `${text}: queued`));

  await gateway.start();
  await context.setOffline(false);
  await expect(messages(again)).toHaveText([...texts, 'four']);
  await expect(pending(again)).toHaveCount(0);
  // Nothing is left for a later page to send.
  await again.reload();
  await expect(messages(again)).toHaveText([...texts, 'four']);
  await expect(pending(again)).toHaveCount(0);
});

test('two tabs share one outbox, and one continues when the other is closed', async ({
  startCommandLine,
  folder,
  newPage,
}) => {
  const gateway = await startCommandLine({ folder });
  const { page: first } = await newPage();
  const context = first.context();
  const second = await context.newPage();
  for (const page of [first, second]) {
    await page.goto(gateway.url);
    await expect(page).toHaveTitle('Ready');
  }
  await write(second, 'from the second tab');
  for (const page of [first, second]) await expect(messages(page)).toHaveText(['from the second tab']);

  await context.setOffline(true);
  await gateway.crash();
  for (const page of [first, second]) await expect(page.locator('body')).not.toHaveAttribute('data-state', 'connected');
  await write(first, 'one');
  await expect(pending(second)).toHaveText(['one: queued']);
  await write(second, 'two');
  await expect(pending(first)).toHaveText(['one: queued', 'two: queued']);
  await first.close();

  await gateway.start();
  await context.setOffline(false);
  await expect(messages(second)).toHaveText(['from the second tab', 'one', 'two']);
  await expect(pending(second)).toHaveCount(0);
});

test('a refused message stays with its error, and the next one is sent', async ({
  startCommandLine,
  folder,
  newPage,
}) => {
  const gateway = await startCommandLine({ folder });
  const { page } = await newPage();
  await page.goto(gateway.url);
  await expect(page).toHaveTitle('Ready');
  await write(page, 'x'.repeat(100_000));
  await write(page, 'short');
  await expect(messages(page)).toHaveText(['short']);
  await expect(pending(page)).toHaveText([/^x+: refused$/]);
  await page.reload();
  await expect(pending(page)).toHaveText([/^x+: refused$/]);
});

for (const returns of [true, false]) {
  test(`accepted messages are not sent again if the browser closes the database, and it can${returns ? '' : 'not'} be opened again`, async ({
    startCommandLine,
    folder,
    newPage,
  }) => {
    const gateway = await startCommandLine({ folder });
    const { page } = await newPage();
    await page.addInitScript(UNDER_THE_PAGE);
    await page.goto(gateway.url);
    await expect(page).toHaveTitle('Ready');
    await gateway.crash();
    for (const text of ['one', 'two']) await write(page, text);
    await expect(pending(page)).toHaveText(['one: queued', 'two: queued']);

    if (!returns) {
      await inPage(page, (exposed) => {
        exposed.refusing = true;
      });
    }
    await inPage(page, ({ closeDatabases }) => closeDatabases());
    await gateway.start();
    await expect(messages(page)).toHaveText(['one', 'two']);
    await expect(pending(page)).toHaveCount(0);
    expect(await inPage(page, ({ errors }) => errors)).toEqual(['outbox_not_stored']);
    await expect.poll(() => inPage(page, ({ outbox }) => outbox.persistent)).toBe(returns);

    await gateway.crash();
    await write(page, 'three');
    await page.reload();
    await expect(page).toHaveTitle('Ready');
    // Without storage, the next page does not know the message.
    await expect(pending(page)).toHaveText(returns ? ['three: queued'] : []);
    await gateway.start();
    await write(page, 'four');
    // The crashed gateway has lost the earlier messages, and would accept them as new ones.
    await expect(messages(page)).toHaveText(returns ? ['three', 'four'] : ['four']);
  });
}

for (const how of ['is paused in a debugger', 'is frozen'] as const) {
  test(`a tab that ${how} does not block the other tabs, and repeats nothing when it continues`, async ({
    startCommandLine,
    folder,
    newPage,
  }) => {
    const gateway = await startCommandLine({ folder });
    const { page: first } = await newPage();
    await first.goto(gateway.url);
    await expect(first).toHaveTitle('Ready');
    await write(first, 'one');
    await expect(messages(first)).toHaveText(['one']);
    const second = await first.context().newPage();
    await second.goto(gateway.url);
    await expect(messages(second)).toHaveText(['one']);

    const session = await first.context().newCDPSession(first);
    if (how === 'is frozen') await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    else {
      await session.send('Debugger.enable');
      const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
      await session.send('Debugger.pause');
      void session.send('Runtime.evaluate', { expression: '1' });
      await paused;
    }
    for (const text of ['two', 'three']) await write(second, text);
    await expect(messages(second)).toHaveText(['one', 'two', 'three']);
    await expect(pending(second)).toHaveCount(0);

    if (how === 'is frozen') await session.send('Page.setWebLifecycleState', { state: 'active' });
    else await session.send('Debugger.disable');
    await write(first, 'four');
    for (const page of [first, second]) {
      await expect(messages(page)).toHaveText(['one', 'two', 'three', 'four']);
      await expect(pending(page)).toHaveCount(0);
    }
  });
}
