import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const cache = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));

export interface Program {
  readonly path: string;
  remove(): void;
}

/**
 * Bundles a program of this folder for a separate process: Node cannot run its TypeScript, and the
 * build may be older than the sources.
 */
export async function bundle(file: string): Promise<Program> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'sluice-program-'));
  const name = `${basename(file, '.ts')}.mjs`;
  const build = await rolldown({
    input: fileURLToPath(new URL(file, import.meta.url)),
    platform: 'node',
    external: ['lmdb', /@sluice/],
  });
  await build.write({ dir: folder, format: 'esm', entryFileNames: name });
  await build.close();
  return { path: join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
