import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext, Script } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { ERRORS } from '@sluice/protocol';
import { type OutputChunk, rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { ENTRIES, keepApart, PEERS } from '../entries.mjs';
import { INNER, shorten } from '../inner-names.mjs';
import { VERSION } from '../src/version.ts';

/**
 * Maximum bytes of each entry in a page, minified and compressed. Code that it shares with another
 * entry counts there.
 */
const BUDGETS: Readonly<Record<string, number>> = {
  // The whole library, including recovery, presence and tokens: 9 KiB with 200 bytes to spare.
  index: 9 * 1024 - 200,
  contracts: 1.75 * 1024,
  msgpack: 8 * 1024,
  // Including disk, tabs, and the handling of their failures.
  outbox: 9 * 1024,
  queues: 3.5 * 1024,
  requests: 3.75 * 1024,
  schedules: 1024,
  'server-subscriptions': 1024,
  'share-tabs': 11 * 1024,
  // Includes its own core, because it runs in a worker.
  'shared-worker': 19 * 1024,
  // A binding includes the stores.
  stores: 3.25 * 1024,
  react: 1.25 * 1024,
  svelte: 1024,
  // Presence, and the backlog of late subscribers: loaded on first use.
  'on-demand': 3 * 1024,
  // Loaded on demand for an error without a handler: the console texts with the catalogue's remedies.
  diagnostics: 6 * 1024,
  devtools: 3.5 * 1024,
  tracing: 1.25 * 1024,
  // Never loaded by a page: a test double of the gateway with the whole error catalogue.
  testing: 20 * 1024,
};

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const protocol = (name: string) => at(`../../protocol/src/${name}.ts`);
const resolve = {
  alias: {
    '@sluice/protocol/contracts': protocol('contracts'),
    '@sluice/protocol/msgpack': protocol('msgpack'),
    '@sluice/protocol': protocol('index'),
  },
};

// Like `minify: true`.
const MINIFIED = { compress: true, mangle: true, codegen: true };

/** One entry from dist/, minified. */
async function bundle(name: string, format: 'esm' | 'iife' = 'esm'): Promise<OutputChunk> {
  const input = ENTRIES[name] ?? '';
  const plugins = [keepApart(name)];
  const build = await rolldown({ input, platform: 'browser', external: PEERS, plugins, resolve });
  const { output } = await build.generate({ format, minify: shorten(name, MINIFIED), name: 'sluice' });
  await build.close();
  const [chunk, ...more] = output;
  expect(more).toEqual([]);
  // Hints for the application's bundler, which removes them.
  return { ...chunk, code: chunk.code.replaceAll('/* @__PURE__ */ ', '') };
}

describe('every entry', () => {
  it.each(Object.keys(ENTRIES))('%s stays within its budget', async (name) => {
    const { code } = await bundle(name);
    const size = gzipSync(code, { level: 9 }).length;
    const limit = BUDGETS[name] ?? 0;
    process.stdout.write(`@sluice/client ${name}: ${size} bytes, minified and compressed; ${limit} are allowed\n`);
    expect(size).toBeLessThanOrEqual(limit);
  });

  it('is exported under its name', () => {
    const { exports } = JSON.parse(readFileSync(at('../package.json'), 'utf8')) as { exports: object };
    const names = Object.keys(ENTRIES);
    const files = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
    const expected = names.map((name) => [name === 'index' ? '.' : `./${name}`, files(name)]);
    expect(exports).toEqual(Object.fromEntries(expected));
  });

  // Skipped if the package is not built. The test command builds it first.
  it.skipIf(!existsSync(at('../dist')))('is in the built package', () => {
    const files = Object.keys(ENTRIES).flatMap((name) => [`${name}.js`, `${name}.d.ts`]);
    expect(files.filter((file) => !existsSync(at(`../dist/${file}`)))).toEqual([]);
  });

  it('calls the core by the names that the build has shortened', async () => {
    const shortened = (name: string) => 'mangleProps' in shorten(name, {});
    const calling = await Promise.all(
      Object.keys(ENTRIES).map(async (name) => ({ name, modules: (await bundle(name)).moduleIds })),
    );
    const callers = calling.filter(({ modules }) => modules.some((id) => id.endsWith('/entry-host.ts')));
    expect(callers.map(({ name }) => name)).toContain('schedules');
    expect(callers.filter(({ name }) => !shortened(name))).toEqual([]);
  });

  it('has a budget, and every budget has an entry', () => {
    expect(Object.keys(BUDGETS)).toEqual(Object.keys(ENTRIES));
  });
});

describe('the core', () => {
  it('contains neither the error catalogue nor MessagePack', async () => {
    const { code } = await bundle('index');
    expect(code).not.toContain(ERRORS.token_signature.message);
    expect(code).not.toMatch(/msgpack/i);
  });

  it('is all that an application loads if it imports only createClient', async () => {
    const app = `import { createClient } from ${JSON.stringify(ENTRIES.index)};
      createClient({ url: 'wss://example.com/ws' }).connect();`;
    const plugin = {
      name: 'app',
      resolveId: (id: string) => (id === 'app' ? id : null),
      load: (id: string) => (id === 'app' ? app : null),
    };
    const build = await rolldown({ input: 'app', platform: 'browser', plugins: [plugin], resolve });
    const { output } = await build.generate({ format: 'esm' });
    await build.close();
    const chunks = output.filter((file): file is OutputChunk => file.type === 'chunk');
    // The part that is loaded with the page. The rest is loaded on demand with `shareTabs`.
    const [main, ...lazy] = chunks;
    const core = (await bundle('index')).moduleIds;
    expect(main?.moduleIds.filter((id) => id !== 'app' && !core.includes(id))).toEqual([]);
    expect(lazy.map(({ facadeModuleId }) => facadeModuleId).sort()).toEqual(
      [ENTRIES['share-tabs'], ENTRIES['on-demand'], ENTRIES.diagnostics].sort(),
    );
  });

  it('accesses no global while it is imported or a client is created', async () => {
    // A context with the language only: no WebSocket, document, crypto or timers.
    const context = createContext(Object.create(null));
    new Script((await bundle('index', 'iife')).code).runInContext(context);
    const state = new Script(`
      const client = sluice.createClient({ url: 'wss://example.com/ws', token: () => '' });
      client.channel('a');
      client.state;
    `).runInContext(context);
    expect(state).toBe('idle');
  });

  it('keeps every name that an application or the gateway can see', () => {
    const folders = {
      '../../protocol/src/': ['messages', 'commands', 'replies', 'pushes', 'codec', 'error-kind', 'contracts'],
      '../src/': [
        'api',
        'channel-api',
        'client-state',
        'presence-api',
        'requests/api',
        'requests/reply-error',
        'schedules/api',
        'server-subscriptions/api',
        'queues/api',
        'queues/nack-error',
      ],
    };
    const files = Object.entries(folders).flatMap(([folder, names]) => names.map((name) => at(`${folder}${name}.ts`)));
    const declared = files.flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/^\s*(?:readonly )?(\w+)\??[:(<]/gm),
    ]);
    const names = declared.map(([, name]) => name);
    expect(names).toContain('retryAfter');
    const language = [
      Array,
      String,
      Map,
      Set,
      Promise,
      RegExp,
      Number,
      Object,
      Function,
      Error,
      Date,
      AbortSignal,
      Response,
    ];
    const inLanguage = (name: string) => language.some((of) => name in of || name in of.prototype);
    expect(INNER.filter((name) => names.includes(name) || inLanguage(name))).toEqual([]);
  });

  it("sends the package's version to the gateway", () => {
    const { version } = JSON.parse(readFileSync(at('../package.json'), 'utf8')) as { version: string };
    expect(VERSION).toBe(`sluice-js/${version}`);
  });
});
