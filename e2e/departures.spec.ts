import { type Board, hasBroker, NO_BROKER, startBoard } from '../scripts/src/demo-board.mjs';
import { expect, test } from './support/test.ts';
import { surplusOf, violationsOn } from './support/violations.ts';

const SCREENS = [
  { name: 'on a desktop', viewport: { width: 1280, height: 800 } },
  { name: 'on a phone', viewport: { width: 375, height: 667 } },
];

test('without a broker, the board says how to get one', async ({ newPage, gateway }) => {
  const { page } = await newPage();
  await page.goto(`${gateway.httpUrl}/?as=ada`);
  await page.getByTestId('open-departures').click();
  await expect(page.getByTestId('no-departures')).toContainText('npm start -- --bridges');
  await expect(page).toHaveURL(/page=departures/);
  expect(await violationsOn(page)).toEqual([]);
});

test.describe('with a broker of this machine', () => {
  test.skip(!hasBroker() && process.env.CI !== 'true', NO_BROKER);
  let board: Board;
  test.beforeAll(async () => {
    board = await startBoard();
  });
  test.afterAll(() => board?.stop());

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const { name, viewport } of SCREENS) {
      test(`the board is live ${name} in ${colorScheme} colours`, async ({ newPage, startCommandLine }) => {
        const { url } = await startCommandLine({ config: board.config });
        const { page } = await newPage({ colorScheme, viewport });
        await page.goto(`${url}/?as=ada&page=departures`);
        await expect(page.getByTestId('departure')).toHaveCount(8);
        await expect(page.getByTestId('broker')).toHaveText(board.title);
        const before = await page.getByTestId('departures').textContent();
        await expect.poll(() => page.getByTestId('departures').textContent(), { timeout: 30_000 }).not.toBe(before);
        expect(await violationsOn(page)).toEqual([]);
        expect(await surplusOf(page), 'pixels that the page is wider than the screen').toBe(0);
      });
    }
  }
});
