// Bundles the library into dist/: one readable file of JavaScript and one of types per entry, with the protocol inside,
// so that the published package depends on nothing. entries.mjs has the table of entries.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { ENTRIES, keepApart, PEERS } from './entries.mjs';
import { shorten } from './inner-names.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// The application's bundler minifies. It cannot know which names of properties are the core's own: those are short already.
const READABLE = { compress: false, mangle: false, codegen: { removeWhitespace: false } };

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
    output: { file: here(`dist/${name}.js`), format: 'esm', sourcemap: true, minify: shorten(name, READABLE) },
  });
}

// All types in one go: each is declared once, in a file that the entries share. Of two declarations of `Client<C>` the compiler
// cannot infer the one's contract from the other, so `createOutbox(client)` would refuse every client with a contract.
const types = await rollup({
  input: ENTRIES,
  external: PEERS,
  // The worker has no types to share.
  onLog: (level, log, handle) => log.code !== 'EMPTY_BUNDLE' && handle(level, log),
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
