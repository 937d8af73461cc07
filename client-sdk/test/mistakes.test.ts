/** Mistakes of first-time users of the SDK. Those that only the console reports are in console.test.ts. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createClient } from '../src/client.ts';
import { SluiceError } from '../src/errors.ts';
import { loadDiagnostics } from '../src/load-diagnostics.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(console, 'error').mockImplementation(() => {});
  gateway = new FakeGateway();
});

afterEach(restoreGlobals);

async function said(): Promise<string[]> {
  await loadDiagnostics();
  await turn();
  return vi.mocked(console.error).mock.calls.map(([text]) => String(text));
}

async function refusalOf(promise: Promise<unknown>): Promise<SluiceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SluiceError)) throw new Error('it was not refused by this library');
  return error;
}

it.each(['localhost:8080', 'ftp://example.com', ''])('rejects the URL "%s" synchronously', (url) => {
  expect(() => gateway.client({ url })).toThrow(/^"url" must be a full URL like wss:\/\/example\.com\/ws, not /);
});

it('accepts a URL that begins with http', async () => {
  void gateway.client({ url: 'http://gateway.test/ws' }).connect();
  await turn();
  await gateway.socket.accept();
  expect(gateway.socket.sent('connect')).toHaveLength(1);
});

it('explains what to install and pass in Node without WebSocket', async () => {
  vi.stubGlobal('WebSocket', undefined);
  createClient({ url: 'ws://gateway.test/ws' })
    .channel('a')
    .subscribe(() => {});
  await turn();
  expect(await said()).toEqual([expect.stringContaining('pass { WebSocket }')]);
});

it('explains why there is no connection when a publish fails', async () => {
  const published = refusalOf(gateway.client().channel('a').publish(1, { timeout: 1000 }));
  await turn();
  gateway.socket.drop(1006);
  await pass(1001);
  expect((await published).message).toBe('Not connected to ws://gateway.test/ws: Closed: 1006');
});

it.each([
  ['a Map', new Map([[1, 2]]), '"data" is [object Map]: not JSON.'],
  ['a Map in an object', { seats: new Map() }, '"seats" is [object Map]: not JSON.'],
  ['a Set', new Set([1]), '"data" is [object Set]: not JSON.'],
  ['a Date', { at: new Date(0) }, '"at" is [object Date]: not JSON.'],
])('rejects %s as data, with its path', async (_, data, message) => {
  const error = await refusalOf(gateway.client().channel('a').publish(data));
  expect([error.name, error.message]).toEqual(['payload_invalid', message]);
});

it('logs an error with its cause, remedy and documentation link', async () => {
  const error = await refusalOf(gateway.client().channel('a').publish(Number.NaN));
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({
    name: 'payload_invalid',
    message: '"data" is NaN: not JSON.',
    remedy: expect.stringContaining('docs/errors.md#payload_invalid'),
    docs: 'docs/errors.md#payload_invalid',
  });
});
