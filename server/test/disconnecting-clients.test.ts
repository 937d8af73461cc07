import net from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { parseConfig } from '../src/config/schema.ts';
import type { Engine } from '../src/engine/engine.ts';
import { createEngine } from '../src/engines.ts';
import { systemClock } from '../src/util/clock.ts';
import { request } from './support/raw-http.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const KEY = 'an-API-key-that-only-tests-know';

/** The engine methods that a request waits for. */
const HELD: ReadonlySet<PropertyKey> = new Set(['append', 'add', 'page', 'signal']);

/** An engine that holds its answers while it is `late`, until they are released. `asked` counts the calls. */
function lateEngine() {
  const state = { late: false, asked: 0, release: () => {} };
  const free = new Promise<void>((resolve) => {
    state.release = resolve;
  });
  const hold = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(inner, name) {
        const value: unknown = Reflect.get(inner, name);
        if (typeof value === 'object' && value !== null && !(value instanceof Promise)) return hold(value);
        if (typeof value !== 'function') return value;
        if (!HELD.has(name) || !state.late) return value.bind(inner);
        return async (...inputs: unknown[]): Promise<unknown> => {
          state.asked++;
          await free;
          return value.apply(inner, inputs);
        };
      },
    });
  const engine: Engine = hold(createEngine(parseConfig({ keys: [{ secret: SECRET }] }), systemClock));
  return { engine, state };
}

let gateway: RealGateway;
afterEach(() => gateway.stop());

const withBody = (path: string, body: unknown, bearer = KEY): string => {
  const text = JSON.stringify(body);
  const headers = { Authorization: `Bearer ${bearer}`, 'Content-Length': String(text.length) };
  return request(`POST ${path}`, headers, text);
};

const message = { channel: 'chat:a', data: 1 };
it.each<[string, () => string | Promise<string>]>([
  ['a publish', () => withBody('/api/v1/publish', message)],
  ['a batch', () => withBody('/api/v1/publish', [message, message])],
  ['a publish by a user', async () => withBody('/api/v1/publish', message, await tokenFor('ada'))],
  ['a revocation', () => withBody('/api/v1/revocations', { user: 'ada' })],
  ['the list of revocations', () => request('GET /api/v1/revocations', { Authorization: `Bearer ${KEY}` })],
  ['a drain', () => withBody('/api/v1/drain', { node: 'another' })],
])('%s whose client disconnects before the answer causes no error', async (_, sent) => {
  const { engine, state } = lateEngine();
  gateway = await startGateway({ apiKeys: [{ name: 'backend', secret: KEY }] }, { engine });
  const faults: unknown[] = [];
  gateway.services.events.on('fault', (fault) => faults.push(fault));
  state.late = true;
  const socket = net.connect(gateway.port, '127.0.0.1');
  socket.write(await sent());
  await gateway.until(() => state.asked > 0);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.resetAndDestroy();
  await closed;
  await fetch(`${gateway.url}/health/live`); // the gateway has received the reset by then
  state.release();
  for (let turn = 0; turn < 3; turn++) expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
  expect(faults).toEqual([]);
});
