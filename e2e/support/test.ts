import { randomUUID } from 'node:crypto';
import { type BrowserContextOptions, test as base } from '@playwright/test';
import { ChatPage, type Visit } from './chat-page.ts';
import { Gateway, type GatewayOptions } from './gateway.ts';
import { TcpProxy } from './tcp-proxy.ts';

export { expect } from '@playwright/test';

interface Fixtures {
  /** A room that no other test knows. */
  readonly room: string;
  /** Lets somebody come in, in a browser window (a context) of their own, and waits until the room is live. */
  readonly arrive: (name: string, visit?: Partial<Visit>, context?: BrowserContextOptions) => Promise<ChatPage>;
  /** A page in a window of its own, not yet at any address. */
  readonly newPage: (context?: BrowserContextOptions) => Promise<ChatPage>;
  /** A gateway for this test alone, to be crashed, drained or set up in another way. */
  readonly startGateway: (options?: GatewayOptions) => Promise<Gateway>;
  /** A line to a gateway that can go silent. */
  readonly startProxy: (gateway: Gateway) => Promise<TcpProxy>;
}

interface WorkerFixtures {
  /** One gateway for all tests that leave it alone; rooms keep them apart. */
  readonly gateway: Gateway;
}

/** Playwright's `test` with gateways and people. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  gateway: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
    async ({}, use) => {
      const gateway = new Gateway();
      await gateway.start();
      await use(gateway);
      await gateway.drain();
    },
    { scope: 'worker' },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: as above
  room: async ({}, use) => {
    await use(`room-${randomUUID().slice(0, 8)}`);
  },

  newPage: async ({ browser, contextOptions }, use) => {
    const closings: (() => Promise<void>)[] = [];
    await use(async (options) => {
      const context = await browser.newContext({ ...contextOptions, ...options });
      closings.push(() => context.close());
      return new ChatPage(await context.newPage());
    });
    await Promise.all(closings.map((close) => close()));
  },

  arrive: async ({ gateway, room, newPage }, use) => {
    await use(async (name, visit, context) => {
      const person = await newPage(context);
      await person.open({ url: gateway.url, room, name, ...visit });
      await person.isLive();
      return person;
    });
  },

  // biome-ignore lint/correctness/noEmptyPattern: as above
  startGateway: async ({}, use) => {
    const started: Gateway[] = [];
    await use(async (options) => {
      const gateway = new Gateway(options);
      started.push(gateway);
      await gateway.start();
      return gateway;
    });
    await Promise.all(started.map((gateway) => gateway.crash()));
  },

  // biome-ignore lint/correctness/noEmptyPattern: as above
  startProxy: async ({}, use) => {
    const started: TcpProxy[] = [];
    await use(async (gateway) => {
      const proxy = new TcpProxy(gateway.port);
      started.push(proxy);
      await proxy.start();
      return proxy;
    });
    await Promise.all(started.map((proxy) => proxy.stop()));
  },
});
