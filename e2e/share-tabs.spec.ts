import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from '@playwright/test';
import { test as base, demo, expect } from './support/test.ts';

const sdk = fileURLToPath(new URL('../client-sdk/dist/', import.meta.url));

/** A tab of an application that shares its connection. The address has the user. */
const html = `<!doctype html>
<link rel="icon" href="data:,">
<title>Tab</title>
<p id="state"></p>
<p id="members"></p>
<ul id="messages"></ul>
<ul id="gaps"></ul>
<script type="module">
  import { createClient } from '/sdk/index.js';
  const user = new URLSearchParams(location.search).get('user');
  const client = createClient({
    url: '/ws',
    shareTabs: true,
    token: async () => (await (await fetch('/dev/token?sub=' + user)).json()).token,
  });
  const channel = client.channel('chat:tabs');
  const add = (list, text) => {
    const item = document.createElement('li');
    item.textContent = text;
    document.querySelector(list).append(item);
  };
  client.on('state', ({ state }) => (document.querySelector('#state').textContent = state));
  channel.subscribe((message) => add('#messages', message.data), { rewind: 50, onGap: (gap) => add('#gaps', gap.reason) });
  channel.presence.subscribe((members) => {
    document.querySelector('#members').textContent = members.list.map(({ user, state }) => user + ':' + state).join(' ');
  });
  window.say = (text) => channel.publish(text);
  window.enter = (state) => channel.presence.enter(state);
</script>`;

/** How tabs share a connection, and the script that removes the APIs of the other modes. */
const MODES = {
  worker: '',
  leader: 'delete window.SharedWorker;',
  plain: `delete window.SharedWorker; Object.defineProperty(navigator, 'locks', { value: undefined });`,
} as const;

const test = base.extend<{ folder: string; context: BrowserContext }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-tabs-'));
    await mkdir(join(folder, 'sdk'));
    const files = (await readdir(sdk)).filter((file) => file.endsWith('.js'));
    for (const file of files) await copyFile(join(sdk, file), join(folder, 'sdk', file));
    await writeFile(join(folder, 'index.html'), html);
    await use(folder);
    await rm(folder, { recursive: true });
  },

  sluice: async ({ folder }, use) => {
    await use({ ...demo, static: folder });
  },
});

interface Tab {
  readonly page: Page;
  /** The WebSockets that the page itself opened. */
  readonly sockets: string[];
}

async function openTab(context: BrowserContext, url: string, user = 'ada'): Promise<Tab> {
  const page = await context.newPage();
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto(`${url}/?user=${user}`);
  await expect(page.locator('#state')).toHaveText('connected');
  return { page, sockets };
}

const say = ({ page }: Tab, text: string) =>
  page.evaluate((words) => (window as unknown as { say(t: string): unknown }).say(words), text);
const enter = ({ page }: Tab, state: string) =>
  page.evaluate((own) => (window as unknown as { enter(s: string): unknown }).enter(own), state);

async function reads({ page }: Tab, texts: readonly string[]): Promise<void> {
  await expect(page.locator('#messages li')).toHaveText(texts);
  await expect(page.locator('#gaps li')).toHaveCount(0);
}

/** Crashes the process of a tab. Two tabs of one site may share a process, and then crash together. */
async function crash({ page }: Tab): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => {});
  await crashed;
}

for (const mode of ['worker', 'leader'] as const) {
  test.describe(`tabs that share through a ${mode}`, () => {
    test.beforeEach(async ({ context }) => {
      await context.addInitScript(MODES[mode]);
    });

    test('have one connection per user', async ({ gateway, context }) => {
      const tabs = [];
      for (let n = 0; n < 3; n++) tabs.push(await openTab(context, gateway.httpUrl));
      const [first] = tabs as [Tab];
      await say(first, 'hello');
      for (const tab of tabs) await reads(tab, ['hello']);
      expect(await gateway.metric('sluice_connections')).toBe(1);
      expect(await gateway.metric('sluice_subscriptions')).toBe(1);
      expect(tabs.flatMap(({ sockets }) => sockets)).toHaveLength(mode === 'worker' ? 0 : 1);

      const other = await openTab(context, gateway.httpUrl, 'bob');
      await reads(other, ['hello']);
      expect(await gateway.metric('sluice_connections')).toBe(2);
    });

    test('continue without a gap when tabs are closed one after the other', async ({ gateway, context }) => {
      const tabs: Tab[] = [];
      for (let n = 0; n < 3; n++) tabs.push(await openTab(context, gateway.httpUrl));
      const [first, second, third] = tabs as [Tab, Tab, Tab];
      await say(third, 'one');
      await reads(third, ['one']);
      await first.page.close({ runBeforeUnload: false });
      await gateway.publish('chat:tabs', 'two');
      await say(third, 'three');
      for (const tab of [second, third]) await reads(tab, ['one', 'two', 'three']);
      await second.page.close({ runBeforeUnload: false });
      await say(third, 'four');
      await reads(third, ['one', 'two', 'three', 'four']);
      await expect.poll(() => gateway.metric('sluice_connections')).toBe(1);
      await third.page.close({ runBeforeUnload: false });
      await expect.poll(() => gateway.metric('sluice_connections')).toBe(0);
    });

    test('survive the crash of a tab', async ({ gateway, context }) => {
      // Opened first, so that it gets a separate process.
      const first = await openTab(context, gateway.httpUrl);
      const second = await openTab(context, gateway.httpUrl);
      await say(second, 'one');
      await reads(second, ['one']);
      await crash(first);
      await gateway.publish('chat:tabs', 'two');
      await say(second, 'three');
      await reads(second, ['one', 'two', 'three']);
      await expect.poll(() => gateway.metric('sluice_connections')).toBe(1);
    });

    test('reconnect without a gap when the gateway cuts the connection', async ({ gateway, faults, context }) => {
      const url = gateway.httpUrl;
      const tabs = [await openTab(context, url), await openTab(context, url)];
      const [first] = tabs as [Tab];
      await say(first, 'one');
      for (const tab of tabs) await reads(tab, ['one']);
      faults.drop('ada');
      await gateway.publish('chat:tabs', 'two');
      for (const tab of tabs) await reads(tab, ['one', 'two']);
      for (const { page } of tabs) await expect(page.locator('#state')).toHaveText('connected');
      expect(await gateway.metric('sluice_connections')).toBe(1);
    });

    test('are one member, with the state of an open tab', async ({ gateway, context }) => {
      const [first, second] = [await openTab(context, gateway.httpUrl), await openTab(context, gateway.httpUrl)];
      const other = await openTab(context, gateway.httpUrl, 'bob');
      await enter(first, 'reading');
      await enter(second, 'writing');
      const members = other.page.locator('#members');
      await expect(members).toHaveText('ada:writing');
      await second.page.close({ runBeforeUnload: false });
      await expect(members).toHaveText('ada:reading');
      await first.page.close({ runBeforeUnload: false });
      await expect(members).toHaveText('');
    });

    test('keep their messages over a reload', async ({ gateway, context }) => {
      const [first, second] = [await openTab(context, gateway.httpUrl), await openTab(context, gateway.httpUrl)];
      await say(first, 'one');
      await first.page.reload();
      await reads(first, ['one']);
      await say(second, 'two');
      for (const tab of [first, second]) await reads(tab, ['one', 'two']);
      expect(await gateway.metric('sluice_connections')).toBe(1);
    });
  });
}

test('another tab replaces a frozen leader, which steps down when it wakes', async ({ gateway, context }) => {
  await context.addInitScript(MODES.leader);
  const [first, second] = [await openTab(context, gateway.httpUrl), await openTab(context, gateway.httpUrl)];
  await say(second, 'one');
  // A busy page processes no events, like a frozen one.
  await first.page.evaluate(() => {
    setTimeout(() => {
      const end = Date.now() + 12_000;
      while (Date.now() < end);
    }, 0);
  });
  // The connection of the busy page, and that of the new leader.
  await expect.poll(() => gateway.connections.length).toBe(2);
  await gateway.publish('chat:tabs', 'two');
  await reads(second, ['one', 'two']);
  await reads(first, ['one', 'two']);
  await expect.poll(() => gateway.metric('sluice_connections')).toBe(1);
});

test('a page that cannot load the worker shares through a leader', async ({ gateway, folder, context }) => {
  await rm(join(folder, 'sdk', 'shared-worker.js'));
  const tabs = [await openTab(context, gateway.httpUrl), await openTab(context, gateway.httpUrl)];
  const [first] = tabs as [Tab];
  await say(first, 'hello');
  for (const tab of tabs) await reads(tab, ['hello']);
  expect(await gateway.metric('sluice_connections')).toBe(1);
});

test('each tab has its own connection if there are neither workers nor locks', async ({ gateway, context }) => {
  await context.addInitScript(MODES.plain);
  const tabs = [await openTab(context, gateway.httpUrl), await openTab(context, gateway.httpUrl)];
  const [first] = tabs as [Tab];
  await say(first, 'hello');
  for (const tab of tabs) await reads(tab, ['hello']);
  expect(await gateway.metric('sluice_connections')).toBe(2);
});
