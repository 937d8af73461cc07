/**
 * Imports the modules that a configuration names: JavaScript, and TypeScript if it can be loaded
 * here.
 */

import { statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export type Module = Readonly<Record<string, unknown>>;

const TYPESCRIPT = new Set(['.ts', '.mts']);

const NO_TYPESCRIPT =
  'Node.js reads TypeScript from version 22.18 on; here, install a tool that does so: npm install --save-dev esbuild';

/** Is this the name of a module file? */
export const isModule = (file: string): boolean => ['.js', '.mjs', '.ts', '.mts'].includes(extname(file));

/**
 * Imports the current version of a module, even if it has changed since its last import. The
 * modules that it imports are cached.
 *
 * @param file absolute path
 */
export async function importModule(file: string): Promise<Module> {
  if (!TYPESCRIPT.has(extname(file)) || readsTypeScript()) return importFresh(file);
  const vite = await optional(file, 'vite');
  if (isFunction(vite?.runnerImport)) return ((await vite.runnerImport(file)) as { module: Module }).module;
  const esbuild = await optional(file, 'esbuild');
  if (isFunction(esbuild?.build)) return importBundled(file, esbuild.build);
  throw new Error(NO_TYPESCRIPT);
}

const isFunction = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === 'function';

/** Node.js strips types by itself, or a loader is registered. */
const readsTypeScript = (): boolean => Boolean((process.features as { typescript?: unknown }).typescript);

const importFresh = (file: string): Promise<Module> =>
  import(`${pathToFileURL(file).href}?changed=${statSync(file).mtimeMs}`) as Promise<Module>;

/** Resolves a package from the module's folder; `undefined` if it is not installed. */
async function optional(file: string, name: string): Promise<Module | undefined> {
  try {
    return (await import(pathToFileURL(createRequire(file).resolve(name)).href)) as Module;
  } catch {
    return undefined;
  }
}

/** The temporary file is next to the module, so that the module's packages are found. */
async function importBundled(file: string, build: (options: unknown) => unknown): Promise<Module> {
  const target = join(dirname(file), `.${basename(file)}.${process.pid}.mjs`);
  const options = { entryPoints: [file], bundle: true, packages: 'external', platform: 'node', format: 'esm' };
  const { outputFiles } = (await build({ ...options, write: false })) as { outputFiles: { contents: Uint8Array }[] };
  try {
    await writeFile(target, outputFiles[0]?.contents ?? '');
    return await importFresh(target);
  } finally {
    await rm(target, { force: true });
  }
}
