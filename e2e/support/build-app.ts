import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

/** The frameworks with a binding and a fixture app in `apps/`. */
export type Framework = 'react' | 'svelte';

const plugins = {
  react: () => react(),
  svelte: () => svelte({ configFile: false, compilerOptions: { runes: true } }),
};

/**
 * Builds a fixture app in development mode, in which React mounts everything twice.
 *
 * @returns the folder to serve
 */
export async function buildApp(framework: Framework): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `sluice-${framework}-`));
  await build({
    configFile: false,
    root: fileURLToPath(new URL(`../apps/${framework}/`, import.meta.url)),
    base: './',
    mode: 'development',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"' },
    plugins: [plugins[framework]()],
    build: { outDir: folder, emptyOutDir: true, minify: false, reportCompressedSize: false },
  });
  return folder;
}
