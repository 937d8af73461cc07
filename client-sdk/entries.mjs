// What the package offers: one file of dist/ and one line of `exports` in package.json for each entry.
import { fileURLToPath, pathToFileURL } from 'node:url';

/** @param {string} path */
const source = (path) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/**
 * Name of the file in dist/, and where its code begins.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const ENTRIES = {
  index: source('index.ts'),
  contracts: source('contracts.ts'),
  msgpack: source('msgpack.ts'),
  outbox: source('outbox/index.ts'),
  'share-tabs': source('share-tabs/share-tabs.ts'),
  'shared-worker': source('share-tabs/shared-worker.ts'),
  stores: source('stores/index.ts'),
  react: source('react/index.ts'),
  svelte: source('svelte/index.ts'),
  'on-demand': source('on-demand.ts'),
  diagnostics: source('diagnostics/diagnostics.ts'),
  testing: source('testing/testing.ts'),
};

// Runs in a place of its own, with a copy of the core, complete in one file.
const WORKER = 'shared-worker';

// What stands there for what loads something lazily: by its file in the page.
/** @type {Readonly<Record<string, string>>} */
const WORKERS_OWN = {
  [source('socket-class.ts')]: source('share-tabs/own-socket.ts'),
  [source('lazy-parts.ts')]: source('share-tabs/own-parts.ts'),
  [source('load-diagnostics.ts')]: source('share-tabs/own-diagnostics.ts'),
};

// Two copies of these in one page would be two clients that do not know each other's errors.
const ONCE = ['errors.ts', 'client.ts', 'core.ts'].map(source);

/**
 * Keeps entries apart: one that imports another gets it from that entry's file, and does not bundle a copy. So there is
 * one core in a page (`SluiceError` of one entry is that of all), and what `index` imports lazily stays a file of its own.
 *
 * @param {string} name of the entry that is built
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
        throw new Error(`${importer} imports ${file}: an entry takes what it needs of the core from index.ts.`);
      }
      return null;
    },
  };
}

/** What the application brings along, if it uses the entry that needs it. */
export const PEERS = [/^react(-dom)?(\/|$)/, /^svelte(\/|$)/];
