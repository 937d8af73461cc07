import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions } from '@playwright/test';
import { test as base } from '@sluice/playwright';
import { ChatPage, type Visit } from './chat-page.ts';
import { CommandLineGateway, type CommandLineOptions } from './command-line-gateway.ts';

export { expect } from '@sluice/playwright';

interface Fixtures {
  /** A room that no other test uses. */
  readonly room: string;
  /** Signs a user in, in a separate browser context, and waits until the room is live. */
  readonly arrive: (name: string, visit?: Partial<Visit>) => Promise<ChatPage>;
  /** A page in a separate browser context, without an address yet. */
  readonly newPage: (context?: BrowserContextOptions) => Promise<ChatPage>;
  /**
   * Starts a gateway in a separate process, as operators do, for tests that kill or drain it, or
   * need a direct connection to it.
   */
  readonly startCommandLine: (options?: CommandLineOptions) => Promise<CommandLineGateway>;
}

/** The demo's own configuration. */
export const demo = { file: fileURLToPath(new URL('../../demo-app/sluice.yaml', import.meta.url)), dev: true };

/** The kit's `test`, with the demo's gateway and users. */
export const test = base.extend<Fixtures>({
  sluice: demo,

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
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

  arrive: async ({ gateway, room, as, newPage }, use) => {
    await use(async (name, visit) => {
      // A page of `as` would connect to the kit's gateway, wherever it is served.
      const person = visit?.url === undefined ? new ChatPage(await as(name)) : await newPage();
      await person.open({ url: gateway.httpUrl, room, name, ...visit });
      await person.isLive();
      return person;
    });
  },

  // biome-ignore lint/correctness/noEmptyPattern: as above
  startCommandLine: async ({}, use) => {
    const started: CommandLineGateway[] = [];
    await use(async (options) => {
      const gateway = new CommandLineGateway(options);
      started.push(gateway);
      await gateway.start();
      return gateway;
    });
    await Promise.all(started.map((gateway) => gateway.crash()));
  },
});
