import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { chromiumArgs, ensureChromium } from '../scripts/find-chromium.mjs';
import { expectFresh } from '../scripts/src/fresh-build.mjs';

// These tests use the built pages and gateways.
expectFresh(['protocol', 'client-sdk', 'server', 'cli', 'playwright', 'console', 'demo-app']);

export default defineConfig({
  testMatch: '*.spec.ts',
  outputDir: fileURLToPath(new URL('../.test-output/browser', import.meta.url)),
  reporter: 'list',
  fullyParallel: true,
  workers: 2,
  // `npm test` runs failed tests once more, alone at the end, and names those that pass then: each has a race, in the
  // test or in Sluice.
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  // Stops hanging tests, with far more time than any test needs on a slow machine.
  timeout: 240_000,
  expect: { timeout: 60_000 },
  use: {
    launchOptions: { executablePath: ensureChromium(), args: chromiumArgs() },
    // Running transitions have temporary colours and positions.
    contextOptions: { reducedMotion: 'reduce' },
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    // A trace of each test costs a quarter of the processor time. The second try of failed tests has one.
    trace: 'off',
  },
});
