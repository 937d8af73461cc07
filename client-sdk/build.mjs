// Bundles the library into dist/: one readable file of JavaScript and one of types per entry, with the protocol inside,
// so that the published package depends on nothing. entries.mjs has the table of entries.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { ENTRIES, keepApart, PEERS } from './entries.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(here('dist'), { recursive: true, force: true });

for (const [name, input] of Object.entries(ENTRIES)) {
  await build({
    input,
    platform: 'browser',
    external: PEERS,
    plugins: [keepApart(name)],
    // The types come from protocol/dist below; the same place for the code keeps the two together.
    tsconfig: false,
    // 'use client' stays where it belongs: an entry is one file.
    onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log),
    output: { file: here(`dist/${name}.js`), format: 'esm', sourcemap: true },
  });
  const types = await rollup({
    input,
    external: PEERS,
    plugins: [
      keepApart(name, { types: true }),
      dts({
        tsconfig: here('tsconfig.json'),
        includeExternal: ['@sluice/protocol', '@standard-schema/spec'],
        compilerOptions: { paths: {} },
      }),
    ],
  });
  await types.write({ file: here(`dist/${name}.d.ts`), format: 'es' });
  await types.close();
}
