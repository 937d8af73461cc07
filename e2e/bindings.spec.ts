import { rm } from 'node:fs/promises';
import type { Page, WebSocket } from '@playwright/test';
import { buildApp, type Framework } from './support/build-app.ts';
import { test as base, demo, expect } from './support/test.ts';

// The same small app with each binding: apps/react and apps/svelte.

/** A fixture app in a browser, as its user sees it. */
class AppPage {
  readonly page: Page;
  /** All commands that the page sent. */
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

  /** How many of these commands the page sent for a channel. */
  sent(type: string, channel: string): number {
    return this.commands.filter((command) => command.type === type && command.channel === channel).length;
  }
}

interface Fixtures {
  readonly framework: Framework;
  readonly open: (address?: {
    readonly as?: string;
    readonly room?: string;
    readonly hydrate?: boolean;
  }) => Promise<AppPage>;
  /** Publishes lines, as a backend does. */
  readonly publish: (texts: readonly string[], room?: string) => Promise<void>;
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

  framework: ['react', { option: true }],

  sluice: async ({ appOf, framework }, use) => {
    await use({ ...demo, static: await appOf(framework) });
  },

  open: async ({ gateway, newPage }, use) => {
    const all: { readonly errors: readonly string[] }[] = [];
    await use(async ({ as = 'ada', room = 'lobby', hydrate = false } = {}) => {
      const person = await newPage();
      all.push(person);
      const app = new AppPage(person.page);
      await person.page.goto(`${gateway.httpUrl}/?as=${as}&room=${room}${hydrate ? '&hydrate' : ''}`);
      await app.isLive();
      return app;
    });
    // Ignore browser errors about a network that the test cut.
    expect(all.flatMap(({ errors }) => errors).filter((text) => !text.includes('net::ERR_'))).toEqual([]);
  },

  publish: async ({ gateway }, use) => {
    await use(async (texts, room = 'lobby') => {
      for (const text of texts) await gateway.publish(`chat:${room}`, { text });
    });
  },
});

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `Number ${from + n}`);

for (const framework of ['react', 'svelte'] as const) {
  test.describe(framework, () => {
    test.use({ framework });

    test('shows history, new messages, and older pages', async ({ open, publish }) => {
      await publish(numbers(1, 75));
      const app = await open();
      await expect(app.texts).toHaveText(numbers(56, 75));
      await expect(app.page.getByTestId('user')).toHaveText('ada');

      await app.click('Older');
      await expect(app.texts).toHaveText(numbers(6, 75));
      await app.click('Send');
      await app.click('Older');
      await expect(app.texts).toHaveText([...numbers(1, 75), 'from the page']);
      await expect(app.page.getByRole('button', { name: 'Older' })).toBeDisabled();
      await expect(app.page.getByTestId('received')).toHaveText('21');
    });

    test('shares one subscription between two hundred components, and ends it after they unmount', async ({
      open,
      publish,
      gateway,
    }) => {
      const app = await open();
      await app.click('Many');
      await expect(app.many).toHaveCount(200);
      await publish(numbers(1, 30));
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

    test('keeps the subscription and the list when components are mounted again', async ({ open, publish }) => {
      const app = await open();
      await publish(numbers(1, 30));
      await expect(app.texts).toHaveText(numbers(1, 30));
      await app.click('Remount');
      await publish(['after it']);
      // Thirty are more than a new list loads.
      await expect(app.texts).toHaveText([...numbers(1, 30), 'after it']);
      expect(app.sent('subscribe', 'chat:lobby')).toBe(1);
      expect(app.sent('unsubscribe', 'chat:lobby')).toBe(0);
      expect(app.sent('leave', 'chat:lobby')).toBe(0);
    });

    test('switches to the channel of another route', async ({ open, publish, gateway }) => {
      await publish(['old'], 'lobby');
      await publish(['new'], 'lobby-next');
      const app = await open();
      await expect(app.texts).toHaveText(['old']);
      await app.click('Next room');
      await expect(app.texts).toHaveText(['new']);
      await app.isLive();
      await expect(app.people).toHaveText(['ada']);
      await expect.poll(() => app.sent('unsubscribe', 'chat:lobby')).toBe(1);
      await expect.poll(() => app.sent('leave', 'chat:lobby')).toBe(1);
      await publish(['elsewhere'], 'lobby');
      await publish(['here'], 'lobby-next');
      await expect(app.texts).toHaveText(['new', 'here']);
      expect(await gateway.metric('sluice_subscriptions')).toBe(1);
    });

    test('shows the members and their states', async ({ open }) => {
      const ada = await open({ as: 'ada' });
      const bob = await open({ as: 'bob' });
      await expect(ada.people).toHaveText(['ada', 'bob']);
      await bob.click('Write');
      await expect(ada.people).toHaveText(['ada', 'bob is writing']);
      expect(bob.sent('leave', 'chat:lobby')).toBe(0);
      await bob.click('Toggle');
      await expect(ada.people).toHaveText(['ada']);
      await expect(ada.page.getByTestId('total')).toHaveText('1');
    });

    test('shows everything in order after it was offline', async ({ open, publish }) => {
      await publish(numbers(1, 5));
      const app = await open();
      await app.page.context().setOffline(true);
      await expect(app.page.getByTestId('connection')).toHaveText('waiting');
      await publish(numbers(6, 60));
      await app.page.context().setOffline(false);
      await expect(app.page.getByTestId('connection')).toHaveText('connected');
      await expect(app.texts).toHaveText(numbers(1, 60));
      await expect(app.people).toHaveText(['ada']);
    });

    test('marks the position where a restarted gateway lost messages', async ({ open, publish, faults }) => {
      await publish(numbers(1, 5));
      const app = await open();
      await expect(app.texts).toHaveText(numbers(1, 5));
      await faults.restart();
      await publish(['a new life']);
      await expect(app.texts).toHaveText([...numbers(1, 5), 'gap: epoch_changed', 'a new life']);
    });

    test('shows why a channel may not be read', async ({ gateway, newPage }) => {
      const { page } = await newPage();
      await page.goto(`${gateway.httpUrl}/?room=not:there`);
      await expect(page.getByTestId('state')).toHaveText('denied');
      await expect(page.getByTestId('error')).not.toBeEmpty();
    });
  });
}

test("React's StrictMode mounts twice but subscribes once", async ({ open, publish, gateway }) => {
  const app = await open();
  expect(await app.page.evaluate(() => document.body.dataset.mounts)).toBe('2');
  await publish(['once']);
  await expect(app.texts).toHaveText(['once']);
  await expect(app.page.getByTestId('received')).toHaveText('1');
  expect(app.sent('subscribe', 'chat:lobby')).toBe(1);
  expect(app.sent('unsubscribe', 'chat:lobby')).toBe(0);
  expect(await gateway.metric('sluice_subscriptions')).toBe(1);
});

test('a component that React has suspended subscribes when it is shown', async ({ open, publish, gateway }) => {
  await publish(['one', 'two'], 'lobby-late');
  const app = await open();
  await app.click('Late');
  await publish(['meanwhile']);
  await expect(app.texts).toHaveText(['meanwhile']);
  expect(app.sent('subscribe', 'chat:lobby-late')).toBe(0);
  await app.click('Wake');
  await expect(app.page.getByTestId('late')).toHaveText('2');
  expect(await gateway.metric('sluice_subscriptions')).toBe(2);
});

// The fixture `open` fails if React reports a hydration mismatch.
test('React hydrates server-rendered HTML in place', async ({ open, publish }) => {
  await publish(['one', 'two']);
  const app = await open({ hydrate: true });
  await expect(app.texts).toHaveText(['one', 'two']);
  await expect(app.people).toHaveCount(1);
  const served = await app.page.locator('#app > *').evaluateAll((all) => all.map((element) => 'served' in element));
  expect(served).not.toContain(false);
  expect(app.sent('subscribe', 'chat:lobby')).toBe(1);
});
