/**
 * Which test files need a process of their own: those that start processes or servers, and those that
 * change what all files of a process share. All others share the processes, and so the modules that
 * they import: to load these again for each file would take longer than to run the tests.
 */
import { HEAVY } from './heavy-first.mjs';

/** Patterns, from the root of the repository. */
export const OWN_PROCESS = [
  // They start processes.
  '{bridges,chaos,cli,hostile,scripts}/test/**/*.test.ts',
  'examples/**/*.test.ts',
  'backend/test/languages.test.ts',
  'scripts/src/{fresh-build,run-command}.test.ts',
  'server/src/engine/durable/directory.test.ts',
  'server/src/util/port-owner.test.ts',
  'server/test/durable-*.test.ts',
  'server/test/webhooks-*.test.ts',
  'server/test/workers*.test.ts',
  'server/test/{apps-crash,bare-runtime,descriptors,http-port,openapi-fuzz,proxies,python-client,redis-tls}.test.ts',
  // They replace modules, or load them again.
  'backend/test/http.test.ts',
  'client-sdk/src/now.test.ts',
  'client-sdk/test/{bundle,console,debug,lazy-parts,mistakes,share-tabs-hook,token}.test.ts',
  'server/src/outgoing/http-client.test.ts',
  // They replace timers, or count them, and the clock of all gateways of a process needs its own.
  'server/src/{auth/jwks,util/clock}.test.ts',
  'server/test/test-double-expiry.test.ts',
  // They run for long, and begin first.
  ...HEAVY,
];
