import { fileURLToPath } from 'node:url';
import { createContext, Script } from 'node:vm';
import { startTestGateway, type TestGateway } from '@sluice/server/testing';
import { rolldown } from 'rolldown';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

// The client outside of a page: a context with the language, timers, a WebSocket and little else, as
// in Node, Deno and edge workers. The gateway is real.

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const protocol = (name: string) => at(`../../protocol/src/${name}.ts`);

const MSGPACK = at('../../client-sdk/src/msgpack.ts');
const APP = `
  export { createClient } from ${JSON.stringify(at('../../client-sdk/src/index.ts'))};
  export { msgpack } from ${JSON.stringify(MSGPACK)};
`;

/** The globals of such a runtime. No other browser API exists. */
const RUNTIME = {
  WebSocket,
  crypto,
  TextEncoder,
  TextDecoder,
  queueMicrotask,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
};

/** Bundles the client as an application's build does, without the modules for shared tabs. */
async function bundle(): Promise<string> {
  const app = {
    name: 'app',
    resolveId: (id: string) => (id === 'app' ? id : null),
    load: (id: string) => (id === 'app' ? APP : null),
  };
  const alias = { '@sluice/protocol/msgpack': protocol('msgpack'), '@sluice/protocol': protocol('index') };
  const build = await rolldown({
    input: 'app',
    platform: 'browser',
    external: [/share-tabs/],
    plugins: [app],
    resolve: { alias },
  });
  const { output } = await build.generate({ format: 'iife', name: 'sluice' });
  await build.close();
  return output[0].code;
}

/** Runs a program in a separate runtime. The program's last expression is a promise of its results. */
function run(script: string, globals: Readonly<Record<string, unknown>>): Promise<unknown> {
  return new Script(script).runInContext(createContext({ ...globals }));
}

const PROGRAM = `(async () => {
  const absent = ['window', 'document', 'navigator', 'addEventListener', 'performance', 'process', 'reportError'];
  const found = absent.filter((name) => name in globalThis);
  const client = sluice.createClient({ url, token, ...(codec === 'msgpack' && { codec: sluice.msgpack }) });
  const states = [];
  client.on('state', ({ state }) => states.push(state));
  const notes = client.channel('notes');
  const received = [];
  const three = new Promise((resolve) => {
    notes.subscribe(({ data }) => received.push(data.text) === 3 && resolve(), { rewind: 1 });
  });
  await notes.publish({ text: 'two' });
  await notes.publish({ text: 'three' });
  await three;
  const entered = new Promise((resolve) => notes.presence.subscribe(({ list }) => list[0] && resolve(list[0])));
  await notes.presence.enter({ typing: true });
  const { user, state } = await entered;
  client.close();
  return JSON.stringify({ found, states, received, user, state });
})()`;

describe('the client without a page', () => {
  let code: string;
  let gateway: TestGateway;
  beforeAll(async () => {
    code = await bundle();
  });
  afterEach(() => gateway.close());

  it.each(['json', 'msgpack'])('subscribes, publishes and is present, in %s', async (codec) => {
    gateway = await startTestGateway({
      channels: { notes: { allow: { '*': 'users' }, history: true, presence: { interval: 0 } } },
    });
    await gateway.publish('notes', { text: 'one' });
    const globals = { ...RUNTIME, url: gateway.url, token: await gateway.token('ada'), codec };
    const seen = await run(`${code};${PROGRAM}`, globals);
    expect(JSON.parse(String(seen))).toEqual({
      found: [],
      states: ['connecting', 'connected', 'closed'],
      received: ['one', 'two', 'three'],
      user: 'ada',
      state: { typing: true },
    });
  });

  it('reconnects after a lost connection, and misses nothing', async () => {
    gateway = await startTestGateway();
    const context = createContext({ ...RUNTIME, url: gateway.url, token: await gateway.token('ada') });
    const evaluate = (script: string): unknown => new Script(script).runInContext(context);
    evaluate(code);
    const ready = evaluate(`
      const client = sluice.createClient({ url, token });
      client.on('state', ({ state }) => state === 'waiting' && client.connect());
      const received = [];
      let done;
      const three = new Promise((resolve) => { done = resolve; });
      client.channel('notes').subscribe(({ data }) => received.push(data) === 3 && done()).ready
    `);
    await ready;
    await gateway.publish('notes', 1);
    gateway.faults.drop('ada');
    await gateway.publish('notes', 2);
    await gateway.publish('notes', 3);
    await evaluate('three');
    expect(evaluate('client.close(); received.join()')).toBe('1,2,3');
  });
});
