// `npm run hostile`: runs src/main.ts from its source; the gateway is the built one.
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
