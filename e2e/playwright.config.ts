import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { chromiumArgs, ensureChromium } from '../scripts/find-chromium.mjs';
import { expectFresh } from '../scripts/src/fresh-build.mjs';

// Pages and gateways of these tests are the built ones.
expectFresh(['protocol', 'client-sdk', 'server', 'cli', 'playwright', 'demo-app']);

export default defineConfig({
  testMatch: '*.spec.ts',
  outputDir: fileURLToPath(new URL('../.test-output/browser', import.meta.url)),
  reporter: 'list',
  fullyParallel: true,
  workers: 2,
  // A test that passes at the second try tells of a race, in the test or in Sluice: it is to be mended, not repeated.
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  // A hang is stopped here. A slow machine is no hang: it gets far more time than any test needs.
  timeout: 240_000,
  expect: { timeout: 60_000 },
  use: {
    launchOptions: { executablePath: ensureChromium(), args: chromiumArgs() },
    // Transitions that are half done have colours and places that nobody sees for long.
    contextOptions: { reducedMotion: 'reduce' },
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
});
