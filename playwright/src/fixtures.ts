import { type BrowserContextOptions, test as base, type Page } from '@playwright/test';
import { type Faults, startTestGateway, type TestGateway, type TokenOptions } from '@sluice/server/testing';
import { logIn } from './login.ts';
import { gatewayOptions, type SluiceOptions } from './options.ts';
import { introduce } from './people.ts';

/** How somebody comes in. */
export interface AsOptions {
  /** What the user's tokens say. */
  readonly token?: TokenOptions;
  /** Of the new browser context. */
  readonly context?: BrowserContextOptions;
}

/** Opens an empty page in a window (a browser context) of its own, in which a user is logged in. Once more for the same user: another device. */
export type As = (user: string, options?: AsOptions) => Promise<Page>;

/** Options of the tests, for `test.use` and the configuration's `use`. */
export interface SluiceTestOptions {
  /** How the gateway is set up, and how the application finds it. */
  readonly sluice: SluiceOptions;
}

/** What a test is given beside Playwright's own fixtures. */
export interface SluiceFixtures {
  /** A real gateway for this test alone. */
  readonly gateway: TestGateway;
  /** What can go wrong on the way to it. */
  readonly faults: Faults;
  readonly as: As;
}

/**
 * Playwright's `test`, with a gateway and people.
 *
 * @example
 * ```ts
 * import { expect, test } from '@sluice/playwright';
 *
 * test.use({ sluice: { file: 'sluice.yaml', tokenRoute: '/api/token' } });
 *
 * test('two people talk', async ({ as, gateway }) => {
 *   const [ada, bob] = await Promise.all([as('ada'), as('bob')]);
 *   await Promise.all([ada.goto('/'), bob.goto('/')]);
 *   await ada.getByRole('textbox').fill('Hello');
 *   await ada.keyboard.press('Enter');
 *   await expect(gateway).toHaveReceived('chat:lobby', { from: 'ada' });
 *   await expect(bob.getByText('Hello')).toBeVisible();
 * });
 * ```
 */
export const test = base.extend<SluiceFixtures & SluiceTestOptions>({
  sluice: [{}, { option: true }],

  gateway: async ({ sluice }, use) => {
    const gateway = await startTestGateway(gatewayOptions(sluice));
    await use(gateway);
    await gateway.close();
  },

  faults: async ({ gateway }, use) => {
    await use(gateway.faults);
  },

  as: async ({ browser, gateway, sluice, baseURL, contextOptions }, use) => {
    const closings: (() => Promise<void>)[] = [];
    await use(async (user, { token, context: own } = {}) => {
      const context = await browser.newContext({ ...contextOptions, baseURL: baseURL ?? gateway.httpUrl, ...own });
      closings.push(() => context.close());
      await logIn(context, { gateway, user, sluice, token });
      const page = await context.newPage();
      introduce(page, { user, gateway });
      return page;
    });
    await Promise.all(closings.map((close) => close()));
  },
});
