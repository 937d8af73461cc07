import { type BrowserContextOptions, test as base, type Page } from '@playwright/test';
import { type Faults, startTestGateway, type TestGateway, type TokenOptions } from '@sluice/server/testing';
import { logIn } from './login.ts';
import { gatewayOptions, type SluiceOptions } from './options.ts';
import { setUser } from './page-users.ts';

/** Options of the fixture `as`. */
export interface AsOptions {
  /** Content of the user's tokens. */
  readonly token?: TokenOptions;
  /** Options of the new browser context. */
  readonly context?: BrowserContextOptions;
}

/**
 * Opens an empty page in a new browser context, with the user logged in. Call it again for another
 * device of the same user.
 */
export type As = (user: string, options?: AsOptions) => Promise<Page>;

/** Options of the tests, for `test.use` and for `use` in the configuration. */
export interface SluiceTestOptions {
  /** How to set up the gateway, and how the application finds it. */
  readonly sluice: SluiceOptions;
}

/** The fixtures that this package adds to Playwright's own. */
export interface SluiceFixtures {
  /** A real gateway for this test only. */
  readonly gateway: TestGateway;
  /** Network and gateway faults to inject. */
  readonly faults: Faults;
  readonly as: As;
}

/**
 * Playwright's `test`, with a gateway and users.
 *
 * @example
 * ```ts
 * import { expect, test } from '@sluice/playwright';
 *
 * test.use({ sluice: { file: 'sluice.yaml', tokenRoute: '/api/token' } });
 *
 * test('two users talk', async ({ as, gateway }) => {
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
      setUser(page, { user, gateway });
      return page;
    });
    await Promise.all(closings.map((close) => close()));
  },
});
