// The package's entries. Each has one file in dist/ and one line of `exports` in package.json.
import { fileURLToPath, pathToFileURL } from 'node:url';

/** @param {string} path */
const source = (path) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/**
 * From the name of the file in dist/ to the entry's source.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const ENTRIES = {
  index: source('index.ts'),
  contracts: source('contracts.ts'),
  msgpack: source('msgpack.ts'),
  outbox: source('outbox/index.ts'),
  queues: source('queues/index.ts'),
  requests: source('requests/index.ts'),
  schedules: source('schedules/index.ts'),
  'server-subscriptions': source('server-subscriptions/index.ts'),
  'share-tabs': source('share-tabs/share-tabs.ts'),
  'shared-worker': source('share-tabs/shared-worker.ts'),
  stores: source('stores/index.ts'),
  react: source('react/index.ts'),
  svelte: source('svelte/index.ts'),
  'on-demand': source('on-demand.ts'),
  diagnostics: source('diagnostics/diagnostics.ts'),
  devtools: source('devtools/index.ts'),
  tracing: source('tracing/index.ts'),
  testing: source('testing/testing.ts'),
};

// Runs in a worker, so it contains its own copy of the core in one file.
const WORKER = 'shared-worker';

// Replacements in the worker for modules that load files on demand in the page.
/** @type {Readonly<Record<string, string>>} */
const WORKERS_OWN = {
  [source('socket-class.ts')]: source('share-tabs/own-socket.ts'),
  [source('lazy-parts.ts')]: source('share-tabs/own-parts.ts'),
  [source('load-diagnostics.ts')]: source('share-tabs/own-diagnostics.ts'),
};

// Bundled once per page: with two copies, one client would not recognize the errors of the other.
const ONCE = ['errors.ts', 'client.ts', 'core.ts'].map(source);

/**
 * Keeps entries apart: an entry imports another entry's file instead of bundling a copy. So a page
 * has one core and one `SluiceError` class, and modules that `index` imports on demand stay
 * separate files.
 *
 * @param {string} name the entry that is built
 */
export function keepApart(name) {
  return {
    name: 'keep-apart',
    /** @param {string} specifier @param {string | undefined} importer */
    resolveId(specifier, importer) {
      if (importer === undefined || !specifier.startsWith('.')) return null;
      const file = fileURLToPath(new URL(specifier, pathToFileURL(importer)));
      if (name === WORKER) return WORKERS_OWN[file] ?? null;
      const other = Object.keys(ENTRIES).find((entry) => ENTRIES[entry] === file);
      if (other !== undefined && other !== name) return { id: `./${other}.js`, external: true };
      if (name !== 'index' && ONCE.includes(file)) {
        throw new Error(
          `${importer} imports ${file}. Import from index.ts instead: only the entry "index" may contain the core.`,
        );
      }
      return null;
    },
  };
}

/** Peer dependencies, which the application installs if it uses the entry that needs them. */
export const PEERS = [/^react(-dom)?(\/|$)/, /^svelte(\/|$)/, /^@opentelemetry\/api$/];
