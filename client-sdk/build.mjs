// Bundles the library into dist/: one readable file of JavaScript and one of types per entry, with the protocol inside,
// so that the published package depends on nothing.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const ENTRIES = {
  index: here('src/index.ts'),
  contracts: here('src/contracts.ts'),
  msgpack: here('src/msgpack.ts'),
};

rmSync(here('dist'), { recursive: true, force: true });

for (const [name, input] of Object.entries(ENTRIES)) {
  await build({
    input,
    platform: 'browser',
    // The types come from protocol/dist below; the same place for the code keeps the two together.
    tsconfig: false,
    output: { file: here(`dist/${name}.js`), format: 'esm', sourcemap: true },
  });
  const types = await rollup({
    input,
    plugins: [
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
