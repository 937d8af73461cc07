import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const cache = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));

export interface Program {
  readonly path: string;
  remove(): void;
}

const source = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Packages of this repository, by their sources: their builds may be older. */
const SOURCES = {
  '@sluice/bridges': source('bridges/src/index.ts'),
  '@sluice/protocol/contracts': source('protocol/src/contracts.ts'),
  '@sluice/protocol/msgpack': source('protocol/src/msgpack.ts'),
  '@sluice/protocol': source('protocol/src/index.ts'),
  '@sluice/server/bridging': source('server/src/bridging.ts'),
  '@sluice/server/cli-support': source('server/src/cli-support.ts'),
  '@sluice/server': source('server/src/index.ts'),
};

/** Everything else that is imported by name, except for a package of which several versions are installed. */
const isExternal = (id: string): boolean => /^[a-z@]/i.test(id) && !id.startsWith('@sluice/') && id !== 'nanoid';

/**
 * Bundles a program for a separate process: Node cannot run its TypeScript, and the build may be older
 * than the sources.
 *
 * @param file in this folder, or a URL
 */
export async function bundle(file: string | URL): Promise<Program> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'sluice-program-'));
  const path = fileURLToPath(new URL(file, import.meta.url));
  const name = `${basename(path, '.ts')}.mjs`;
  const build = await rolldown({
    input: path,
    platform: 'node',
    resolve: { alias: SOURCES },
    external: isExternal,
  });
  await build.write({ dir: folder, format: 'esm', entryFileNames: name });
  await build.close();
  return { path: join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
