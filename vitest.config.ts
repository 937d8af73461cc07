import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      '@sluice/protocol/contracts': source('protocol/src/contracts.ts'),
      '@sluice/protocol/msgpack': source('protocol/src/msgpack.ts'),
      '@sluice/protocol': source('protocol/src/index.ts'),
      '@sluice/client/contracts': source('client-sdk/src/contracts.ts'),
      '@sluice/client/testing': source('client-sdk/src/testing/testing.ts'),
      '@sluice/client/msgpack': source('client-sdk/src/msgpack.ts'),
      '@sluice/client/outbox': source('client-sdk/src/outbox/index.ts'),
      '@sluice/client/share-tabs': source('client-sdk/src/share-tabs/share-tabs.ts'),
      '@sluice/client/stores': source('client-sdk/src/stores/index.ts'),
      '@sluice/client/react': source('client-sdk/src/react/index.ts'),
      '@sluice/client/svelte': source('client-sdk/src/svelte/index.ts'),
      '@sluice/client': source('client-sdk/src/index.ts'),
      '@sluice/server/contracts': source('server/src/contracts.ts'),
      '@sluice/server/testing': source('server/src/testing/index.ts'),
      '@sluice/server': source('server/src/index.ts'),
    },
  },
  test: {
    include: [
      '{protocol,server,client-sdk,playwright,demo-app,scripts,bench,chaos,examples/*}/{src,test}/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // What passes takes no longer for it; what is waited for may take its time on a busy machine.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
