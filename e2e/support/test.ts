import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions } from '@playwright/test';
import { test as base } from '@sluice/playwright';
import { ChatPage, type Visit } from './chat-page.ts';
import { CommandLineGateway, type CommandLineOptions } from './command-line-gateway.ts';

export { expect } from '@sluice/playwright';

interface Fixtures {
  /** A room that no other test knows. */
  readonly room: string;
  /** Lets somebody come in, in a browser window (a context) of their own, and waits until the room is live. */
  readonly arrive: (name: string, visit?: Partial<Visit>) => Promise<ChatPage>;
  /** A page in a window of its own, not yet at any address. */
  readonly newPage: (context?: BrowserContextOptions) => Promise<ChatPage>;
  /** Starts a gateway as operators do, in a process of its own: to be killed or drained, or to have nothing between it and the browser. */
  readonly startCommandLine: (options?: CommandLineOptions) => Promise<CommandLineGateway>;
}

/** The demo's own configuration, as people try it out. */
export const demo = { file: fileURLToPath(new URL('../../demo-app/sluice.yaml', import.meta.url)), dev: true };

/** The kit's `test`, with the demo's gateway and people. */
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
      // A page of `as` would lead to the kit's gateway, wherever it was served.
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
