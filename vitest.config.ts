import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { HeavyFirst } from './scripts/src/heavy-first.mjs';
import { OWN_PROCESS } from './scripts/src/own-process.mjs';
import { ProgressReporter } from './scripts/src/progress-reporter.mjs';

/** Where `npm test` wants the results as JSON, and milliseconds that a hook may take. */
const { SLUICE_TEST_REPORT: report, SLUICE_HOOK_TIMEOUT: hookTimeout = 180_000 } = process.env;

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const resolve = {
  alias: {
    '@sluice/protocol/contracts': source('protocol/src/contracts.ts'),
    '@sluice/protocol/msgpack': source('protocol/src/msgpack.ts'),
    '@sluice/protocol': source('protocol/src/index.ts'),
    '@sluice/client/contracts': source('client-sdk/src/contracts.ts'),
    '@sluice/client/devtools': source('client-sdk/src/devtools/index.ts'),
    '@sluice/client/testing': source('client-sdk/src/testing/testing.ts'),
    '@sluice/client/msgpack': source('client-sdk/src/msgpack.ts'),
    '@sluice/client/outbox': source('client-sdk/src/outbox/index.ts'),
    '@sluice/client/queues': source('client-sdk/src/queues/index.ts'),
    '@sluice/client/requests': source('client-sdk/src/requests/index.ts'),
    '@sluice/client/schedules': source('client-sdk/src/schedules/index.ts'),
    '@sluice/client/tracing': source('client-sdk/src/tracing/index.ts'),
    '@sluice/client/server-subscriptions': source('client-sdk/src/server-subscriptions/index.ts'),
    '@sluice/client/share-tabs': source('client-sdk/src/share-tabs/share-tabs.ts'),
    '@sluice/client/stores': source('client-sdk/src/stores/index.ts'),
    '@sluice/client/react': source('client-sdk/src/react/index.ts'),
    '@sluice/client/svelte': source('client-sdk/src/svelte/index.ts'),
    '@sluice/client': source('client-sdk/src/index.ts'),
    '@sluice/backend': source('backend/src/index.ts'),
    '@sluice/bridges': source('bridges/src/index.ts'),
    '@sluice/server/bridging': source('server/src/bridging.ts'),
    '@sluice/server/cli-support': source('server/src/cli-support.ts'),
    '@sluice/server/contracts': source('server/src/contracts.ts'),
    '@sluice/server/testing': source('server/src/testing/index.ts'),
    '@sluice/server': source('server/src/index.ts'),
  },
};

const ALL = [
  '{protocol,server,bridges,backend,cli,client-sdk,playwright,demo-app,console,scripts,bench,chaos,hostile,examples/*}/{src,test}/**/*.test.ts',
];
/** Their tests replace timers, which the gateways of a process need. */
const CLIENTS = ['{client-sdk,demo-app,console,playwright,scripts}/{src,test}/**/*.test.ts'];
const NEVER = ['**/node_modules/**', '**/dist/**'];

/** What all projects have in common. The number of workers is not part of it: the command line may change it. */
const tests = {
  // A hang is stopped here, and its test is named. A slow machine is no hang: it gets far more time than any test needs.
  testTimeout: 180_000,
  hookTimeout: Number(hookTimeout),
  expect: { poll: { timeout: 60_000 } },
};

const shared = { ...tests, isolate: false, setupFiles: source('scripts/src/tidy-process.ts') };

export default defineConfig({
  test: {
    projects: [
      { resolve, test: { ...tests, name: 'own process', include: OWN_PROCESS, exclude: NEVER } },
      { resolve, test: { ...shared, name: 'gateways', include: ALL, exclude: [...NEVER, ...OWN_PROCESS, ...CLIENTS] } },
      { resolve, test: { ...shared, name: 'clients', include: CLIENTS, exclude: [...NEVER, ...OWN_PROCESS] } },
    ],
    reporters: [
      'default',
      new ProgressReporter(),
      ...(report === undefined ? [] : [['json', { outputFile: report }] as const]),
    ],
    // Many files wait for processes, servers and timers, so one more than there are cores keeps all of them busy.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: HeavyFirst },
  },
});
