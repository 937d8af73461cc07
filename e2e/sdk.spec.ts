import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page, WebSocket } from '@playwright/test';
import { test as base, demo, expect } from './support/test.ts';

const sdk = fileURLToPath(new URL('../client-sdk/dist/', import.meta.url));

/** A minimal page: no bundler, one script, and the built SDK files. */
const html = (codec: 'json' | 'msgpack') => `<!doctype html>
<link rel="icon" href="data:,">
<title>Plain page</title>
<ul id="messages"></ul>
<ol id="second"></ol>
<button id="send">Send</button>
<script type="module">
  import { createClient } from '/sdk/index.js';
  ${codec === 'msgpack' ? `import { msgpack } from '/sdk/msgpack.js';` : ''}
  const client = createClient({
    url: location.origin.replace('http', 'ws') + '/ws',
    token: async () => (await (await fetch('/dev/token?sub=plain')).json()).token,
    ${codec === 'msgpack' ? 'codec: msgpack,' : ''}
  });
  const channel = client.channel('chat:plain-${codec}');
  const show = (list) => (message) => {
    const item = document.createElement('li');
    item.textContent = JSON.stringify(message.data);
    document.querySelector(list).append(item);
  };
  channel.subscribe(show('#messages'), { rewind: 10 });
  await channel.subscribe(show('#second')).ready;
  document.querySelector('#send').onclick = () => channel.publish({ text: 'Grüße 🛶', list: [1, 2.5, null, true] });
  document.title = 'Ready';
</script>`;

const test = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-plain-'));
    await mkdir(join(folder, 'sdk'));
    for (const file of ['index.js', 'msgpack.js']) await copyFile(join(sdk, file), join(folder, 'sdk', file));
    for (const codec of ['json', 'msgpack'] as const) await writeFile(join(folder, `${codec}.html`), html(codec));
    await use(folder);
    await rm(folder, { recursive: true });
  },

  sluice: async ({ folder }, use) => {
    await use({ ...demo, static: folder });
  },
});

/** Collects the frames that the page sends. */
function listen(page: Page): (string | Buffer)[] {
  const frames: (string | Buffer)[] = [];
  page.on('websocket', (socket: WebSocket) => socket.on('framesent', ({ payload }) => frames.push(payload)));
  return frames;
}

const SENT = JSON.stringify({ text: 'Grüße 🛶', list: [1, 2.5, null, true] });

for (const codec of ['json', 'msgpack'] as const) {
  test(`a plain page subscribes and publishes (${codec})`, async ({ gateway, newPage }) => {
    const { page, errors } = await newPage();
    const frames = listen(page);
    await page.goto(`${gateway.httpUrl}/${codec}.html`);
    await expect(page).toHaveTitle('Ready');

    await page.click('#send');
    await expect(page.locator('#messages li')).toHaveText([SENT]);
    await expect(page.locator('#second li')).toHaveText([SENT]);
    await gateway.publish(`chat:plain-${codec}`, 'from a backend');
    await expect(page.locator('#messages li')).toHaveText([SENT, '"from a backend"']);

    expect(frames.every((frame) => (typeof frame === 'string') === (codec === 'json'))).toBe(true);
    expect(errors).toEqual([]);
  });
}

test('two subscriptions to a channel are one on the wire', async ({ gateway, newPage }) => {
  const { page } = await newPage();
  const frames = listen(page);
  await page.goto(`${gateway.httpUrl}/json.html`);
  await expect(page).toHaveTitle('Ready');

  const commands = frames.flatMap((frame) => [JSON.parse(String(frame))].flat() as { type: string }[]);
  expect(commands.filter(({ type }) => type === 'subscribe')).toHaveLength(1);
  expect(await gateway.metric('sluice_subscriptions')).toBe(1);
});

test('a closed page leaves no state on the gateway', async ({ gateway, newPage }) => {
  const [staying, leaving] = [await newPage(), await newPage()];
  for (const { page } of [staying, leaving]) {
    await page.goto(`${gateway.httpUrl}/json.html`);
    await expect(page).toHaveTitle('Ready');
  }
  expect(await gateway.metric('sluice_connections')).toBe(2);

  await leaving.page.close();
  await expect(gateway).toHaveSubscribers('chat:plain-json', 1);
  expect(await gateway.metric('sluice_connections')).toBe(1);
  expect(await gateway.metric('sluice_subscriptions')).toBe(1);
  await staying.page.click('#send');
  await expect(staying.page.locator('#messages li')).toHaveText([SENT]);
});
