/** The brokers that the tests of the bridges start. */
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const file = fileURLToPath(new URL('../../../bridges/test/support/brokers.ts', import.meta.url));

/** Loads them from their sources: `{ BROKERS, freePort, removeServers }`. */
export async function loadBrokers() {
  const { module } = await runnerImport(file, { configFile: false, logLevel: 'error' });
  return module;
}
