import { rm } from 'node:fs/promises';
import type { Page, WebSocket } from '@playwright/test';
import { buildApp, type Framework } from './support/build-app.ts';
import type { Gateway } from './support/gateway.ts';
import { test as base, expect } from './support/test.ts';

// The same small app, written with each binding: apps/react and apps/svelte.

/** A fixture app in a browser, as its user sees it. */
class AppPage {
  readonly page: Page;
  /** Every command that the page sent. */
  readonly commands: { readonly type: string; readonly channel?: string }[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('websocket', (socket: WebSocket) =>
      socket.on('framesent', ({ payload }) => this.commands.push(...[JSON.parse(String(payload))].flat())),
    );
  }

  get texts() {
    return this.page.getByTestId('messages').locator('li');
  }

  get people() {
    return this.page.getByTestId('people').locator('li');
  }

  get many() {
    return this.page.getByTestId('many').locator('li');
  }

  async click(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  async isLive(): Promise<void> {
    await expect(this.page.getByTestId('state')).toHaveText('live');
  }

  /** How many of these commands went out for a channel. */
  sent(type: string, channel: string): number {
    return this.commands.filter((command) => command.type === type && command.channel === channel).length;
  }
}

interface Fixtures {
  /** A gateway of its own that serves the app, so that its metrics tell of this test alone. */
  readonly gatewayWith: (framework: Framework) => Promise<Gateway>;
  readonly open: (gateway: Gateway, address?: { as?: string; room?: string }) => Promise<AppPage>;
}

const test = base.extend<Fixtures, { readonly appOf: (framework: Framework) => Promise<string> }>({
  appOf: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
    async ({}, use) => {
      const folders = new Map<Framework, Promise<string>>();
      await use((framework) => {
        const folder = folders.get(framework) ?? buildApp(framework);
        folders.set(framework, folder);
        return folder;
      });
      for (const folder of folders.values()) await rm(await folder, { recursive: true });
    },
    { scope: 'worker' },
  ],

  gatewayWith: async ({ appOf, startGateway }, use) => {
    await use(async (framework) => startGateway({ folder: await appOf(framework) }));
  },

  open: async ({ newPage }, use) => {
    const all: { readonly complaints: readonly string[] }[] = [];
    await use(async (gateway, { as = 'ada', room = 'lobby' } = {}) => {
      const person = await newPage();
      all.push(person);
      const app = new AppPage(person.page);
      await person.page.goto(`${gateway.url}/?as=${as}&room=${room}`);
      await app.isLive();
      return app;
    });
    // What the browser says of a network that was cut on purpose is no complaint.
    expect(all.flatMap(({ complaints }) => complaints).filter((text) => !text.includes('net::ERR_'))).toEqual([]);
  },
});

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `Number ${from + n}`);

async function publish(gateway: Gateway, texts: readonly string[], room = 'lobby'): Promise<void> {
  for (const text of texts) await gateway.publish({ channel: `chat:${room}`, data: { text } });
}

for (const framework of ['react', 'svelte'] as const) {
  test.describe(framework, () => {
    test('shows what was said, what is said, and older pages', async ({ gatewayWith, open }) => {
      const gateway = await gatewayWith(framework);
      await publish(gateway, numbers(1, 75));
      const app = await open(gateway);
      await expect(app.texts).toHaveText(numbers(56, 75));
      await expect(app.page.getByTestId('user')).toHaveText('ada');

      await app.click('Older');
      await expect(app.texts).toHaveText(numbers(6, 75));
      await app.click('Send');
      await app.click('Older');
      await expect(app.texts).toHaveText([...numbers(1, 75), 'from the page']);
      await expect(app.page.getByRole('button', { name: 'Older' })).toBeDisabled();
      await expect(app.page.getByTestId('heard')).toHaveText('21');
    });

    test('makes one subscription of two hundred components, and none when they are gone', async ({
      gatewayWith,
      open,
    }) => {
      const gateway = await gatewayWith(framework);
      const app = await open(gateway);
      await app.click('Many');
      await expect(app.many).toHaveCount(200);
      await publish(gateway, numbers(1, 30));
      await expect(app.many.last()).toHaveText('30');
      await expect(app.many.first()).toHaveText('30');
      expect(await gateway.metric('sluice_subscriptions')).toBe(1);
      expect(app.sent('subscribe', 'chat:lobby')).toBe(1);
      expect(app.sent('enter', 'chat:lobby')).toBe(1);
      expect(await app.page.evaluate(() => document.body.dataset.torn)).toBeUndefined();

      await app.page.reload();
      await app.isLive();
      await app.click('Toggle');
      await expect.poll(() => gateway.metric('sluice_subscriptions')).toBe(0);
      await app.click('Toggle');
      await app.isLive();
      await expect(app.texts).toHaveText(numbers(11, 30));
      expect(await gateway.metric('sluice_subscriptions')).toBe(1);
    });

    test('keeps the subscription and the list when components are put up anew', async ({ gatewayWith, open }) => {
      const gateway = await gatewayWith(framework);
      const app = await open(gateway);
      await publish(gateway, numbers(1, 30));
      await expect(app.texts).toHaveText(numbers(1, 30));
      await app.click('Remount');
      await publish(gateway, ['after it']);
      // Thirty are more than a new list begins with.
      await expect(app.texts).toHaveText([...numbers(1, 30), 'after it']);
      expect(app.sent('subscribe', 'chat:lobby')).toBe(1);
      expect(app.sent('unsubscribe', 'chat:lobby')).toBe(0);
      expect(app.sent('leave', 'chat:lobby')).toBe(0);
    });

    test('moves to the channel of another route', async ({ gatewayWith, open }) => {
      const gateway = await gatewayWith(framework);
      await publish(gateway, ['old'], 'lobby');
      await publish(gateway, ['new'], 'lobby-next');
      const app = await open(gateway);
      await expect(app.texts).toHaveText(['old']);
      await app.click('Next room');
      await expect(app.texts).toHaveText(['new']);
      await app.isLive();
      await expect(app.people).toHaveText(['ada']);
      await expect.poll(() => app.sent('unsubscribe', 'chat:lobby')).toBe(1);
      await expect.poll(() => app.sent('leave', 'chat:lobby')).toBe(1);
      await publish(gateway, ['elsewhere'], 'lobby');
      await publish(gateway, ['here'], 'lobby-next');
      await expect(app.texts).toHaveText(['new', 'here']);
      expect(await gateway.metric('sluice_subscriptions')).toBe(1);
    });

    test('shows who is there, and what they do', async ({ gatewayWith, open }) => {
      const gateway = await gatewayWith(framework);
      const ada = await open(gateway, { as: 'ada' });
      const bob = await open(gateway, { as: 'bob' });
      await expect(ada.people).toHaveText(['ada', 'bob']);
      await bob.click('Write');
      await expect(ada.people).toHaveText(['ada', 'bob is writing']);
      expect(bob.sent('leave', 'chat:lobby')).toBe(0);
      await bob.click('Toggle');
      await expect(ada.people).toHaveText(['ada']);
      await expect(ada.page.getByTestId('total')).toHaveText('1');
    });

    test('has everything, in order, after it was offline', async ({ gatewayWith, open }) => {
      const gateway = await gatewayWith(framework);
      await publish(gateway, numbers(1, 5));
      const app = await open(gateway);
      await app.page.context().setOffline(true);
      await expect(app.page.getByTestId('connection')).toHaveText('waiting');
      await publish(gateway, numbers(6, 60));
      await app.page.context().setOffline(false);
      await expect(app.page.getByTestId('connection')).toHaveText('connected');
      await expect(app.texts).toHaveText(numbers(1, 60));
      await expect(app.people).toHaveText(['ada']);
    });

    test('marks the place where a restarted gateway has lost messages', async ({ gatewayWith, open }) => {
      const gateway = await gatewayWith(framework);
      await publish(gateway, numbers(1, 5));
      const app = await open(gateway);
      await expect(app.texts).toHaveText(numbers(1, 5));
      await gateway.crash();
      await gateway.start();
      await publish(gateway, ['a new life']);
      await expect(app.texts).toHaveText([...numbers(1, 5), 'gap: epoch_changed', 'a new life']);
    });

    test('says why a channel may not be read', async ({ gatewayWith, newPage }) => {
      const gateway = await gatewayWith(framework);
      const { page } = await newPage();
      await page.goto(`${gateway.url}/?room=not:there`);
      await expect(page.getByTestId('state')).toHaveText('denied');
      await expect(page.getByTestId('error')).not.toBeEmpty();
    });
  });
}

test("React's StrictMode mounts twice, and subscribes once", async ({ gatewayWith, open }) => {
  const gateway = await gatewayWith('react');
  const app = await open(gateway);
  expect(await app.page.evaluate(() => document.body.dataset.mounts)).toBe('2');
  await publish(gateway, ['once']);
  await expect(app.texts).toHaveText(['once']);
  await expect(app.page.getByTestId('heard')).toHaveText('1');
  expect(app.sent('subscribe', 'chat:lobby')).toBe(1);
  expect(app.sent('unsubscribe', 'chat:lobby')).toBe(0);
  expect(await gateway.metric('sluice_subscriptions')).toBe(1);
});

test('a component that React has suspended subscribes when it is shown', async ({ gatewayWith, open }) => {
  const gateway = await gatewayWith('react');
  await publish(gateway, ['one', 'two'], 'lobby-late');
  const app = await open(gateway);
  await app.click('Late');
  await publish(gateway, ['meanwhile']);
  await expect(app.texts).toHaveText(['meanwhile']);
  expect(app.sent('subscribe', 'chat:lobby-late')).toBe(0);
  await app.click('Wake');
  await expect(app.page.getByTestId('late')).toHaveText('2');
  expect(await gateway.metric('sluice_subscriptions')).toBe(2);
});
