import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext, Script } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { ERRORS } from '@sluice/protocol';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { VERSION } from '../src/version.ts';

/** Bytes that the whole library may take in a page: recovery, presence and tokens included. */
const LIMIT = 8 * 1024;

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function bundle(format: 'esm' | 'iife', entry = 'index'): Promise<string> {
  const build = await rolldown({
    input: at(`../src/${entry}.ts`),
    platform: 'browser',
    resolve: {
      alias: {
        '@sluice/protocol/contracts': at('../../protocol/src/contracts.ts'),
        '@sluice/protocol': at('../../protocol/src/index.ts'),
      },
    },
  });
  const { output } = await build.generate({ format, minify: true, name: 'sluice' });
  await build.close();
  // Hints to the bundler of the application, which takes them out.
  return output[0].code.replaceAll('/* @__PURE__ */ ', '');
}

it('is small, and carries neither the catalogue of errors nor MessagePack', async () => {
  const code = await bundle('esm');
  const size = gzipSync(code, { level: 9 }).length;
  process.stdout.write(`@sluice/client: ${size} bytes, minified and compressed; ${LIMIT} are allowed\n`);
  expect(size).toBeLessThanOrEqual(LIMIT);
  expect(code).not.toContain(ERRORS.token_signature.message);
  expect(code).not.toMatch(/msgpack/i);
});

it('carries of contracts no more than what checks a definition', async () => {
  const size = gzipSync(await bundle('esm', 'contracts'), { level: 9 }).length;
  process.stdout.write(`@sluice/client/contracts: ${size} bytes, minified and compressed\n`);
  expect(size).toBeLessThanOrEqual(1.5 * 1024);
});

it('touches no global while it is imported, nor while a client is made', async () => {
  // A context of its own has the language and nothing else: no WebSocket, document, crypto or timers.
  const context = createContext(Object.create(null));
  new Script(await bundle('iife')).runInContext(context);
  const state = new Script(`
    const client = sluice.createClient({ url: 'wss://example.com/ws', token: () => '' });
    client.channel('a');
    client.state;
  `).runInContext(context);
  expect(state).toBe('idle');
});

it('tells the gateway the version of the package', () => {
  const { version } = JSON.parse(readFileSync(at('../package.json'), 'utf8')) as { version: string };
  expect(VERSION).toBe(`sluice-js/${version}`);
});
