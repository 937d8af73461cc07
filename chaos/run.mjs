// `npm run chaos`: runs src/main.ts and the client SDK from their sources; the gateways are the
// built ones.
import { fileURLToPath } from 'node:url';
import { loadConfigFromFile, runnerImport } from 'vite';

const file = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const tests = await loadConfigFromFile({ command: 'serve', mode: 'production' }, file('../vitest.config.ts'));
const { module } = await runnerImport(file('src/main.ts'), {
  configFile: false,
  logLevel: 'error',
  resolve: tests?.config.resolve ?? {},
});
await module.main(process.argv);
