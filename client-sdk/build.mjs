// Bundles the library into dist/: one readable JavaScript file and one type file per entry, including
// the protocol, so that the published package has no dependencies. entries.mjs lists the entries.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { ENTRIES, keepApart, PEERS } from './entries.mjs';
import { shorten } from './inner-names.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// The application's bundler minifies. Only private property names of the core are shortened here,
// because the bundler cannot recognize them.
const READABLE = { compress: false, mangle: false, codegen: { removeWhitespace: false } };

rmSync(here('dist'), { recursive: true, force: true });

for (const [name, input] of Object.entries(ENTRIES)) {
  await build({
    input,
    platform: 'browser',
    external: PEERS,
    plugins: [keepApart(name)],
    // The types come from protocol/dist below, so the code must come from there as well.
    tsconfig: false,
    // 'use client' stays at the top of the file, because an entry is one file.
    onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log),
    output: { file: here(`dist/${name}.js`), format: 'esm', sourcemap: true, minify: shorten(name, READABLE) },
  });
}

// Build all types in one run, so that each is declared once, in a file that the entries share. With
// two declarations of `Client<C>`, the compiler could not infer the contract across entries, and
// `createOutbox(client)` would reject every client with a contract.
const types = await rollup({
  input: ENTRIES,
  external: PEERS,
  // The worker exports no types, and only the package itself imports those of the parts on demand.
  onLog: (level, log, handle) =>
    log.code !== 'EMPTY_BUNDLE' && !log.message.includes('"on-demand.d.ts"') && handle(level, log),
  plugins: [
    dts({
      tsconfig: here('tsconfig.json'),
      includeExternal: ['@sluice/protocol', '@standard-schema/spec'],
      compilerOptions: { paths: {} },
    }),
  ],
});
await types.write({
  dir: here('dist'),
  entryFileNames: '[name].d.ts',
  chunkFileNames: ({ name }) => `types/${name.replace(/\.d$/, '')}.d.ts`,
});
await types.close();
