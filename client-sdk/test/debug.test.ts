import { msgpack } from '@sluice/protocol/msgpack';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ClientOptions } from '../src/api.ts';
import { loadDiagnostics } from '../src/load-diagnostics.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, turn } from './support/fake-gateway.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  for (const level of ['error', 'warn', 'info'] as const) vi.spyOn(console, level).mockImplementation(() => {});
});

afterEach(restoreGlobals);

/** The console output of a short client session. */
async function logged(options: Partial<ClientOptions>, gateway = new FakeGateway()): Promise<string[]> {
  const client = gateway.client({ token: () => 'eyJsecret.token.here', ...options });
  client.connect().catch(() => {});
  for (let n = 0; n < 3; n++) {
    await loadDiagnostics();
    await turn();
  }
  await gateway.socket.accept();
  client.channel('chat:lobby').subscribe(() => {});
  client
    .channel('chat:lobby')
    .publish({ text: 'very private' }, { event: 'hidden', tags: { to: 'nobody' } })
    .catch(() => {});
  client
    .channel('chat:lobby')
    .presence.enter({ mood: 'secretive' })
    .catch(() => {});
  await turn();
  gateway.socket.subscribed(4);
  gateway.socket.messages('chat:lobby', [5, 6]);
  gateway.socket.refuse('publish', 'permission_denied');
  gateway.socket.drop(4004, 'slow_reader: too slow');
  client.close();
  return vi.mocked(console.info).mock.calls.map(([text]) => String(text));
}

it.each(['json', 'msgpack'])('logs states and frames of %s without tokens and data', async (name) => {
  const gateway = name === 'json' ? new FakeGateway() : new FakeGateway(msgpack);
  const lines = await logged({ debug: true }, gateway);
  const text = lines.join('\n');
  expect(text).toMatch(/→ connect id 1 \[\d+\]/);
  expect(text).toMatch(/→ subscribe id \d+ channel chat:lobby \[\d+\]/);
  expect(text).toMatch(/→ publish id \d+ channel chat:lobby \[\d+\]/);
  expect(text).toMatch(/← reply id \d+ offset 4 epoch e1 state live \[\d+\]/);
  expect(text).toMatch(/← messages channel chat:lobby epoch e1 offsets 5 to 6 \[\d+\]/);
  expect(text).toMatch(/← error id \d+ code 4306 name permission_denied \[\d+\]/);
  expect(text).toMatch(/state connected/);
  expect(text).toMatch(/state waiting, next attempt in \d+ ms \(slow_reader: Closed: 4004/);
  expect(text).toMatch(/state closed/);
  expect(text).not.toMatch(/secret|eyJ|private|hidden|nobody|mood/);
  for (const line of lines) expect(line.startsWith('[sluice] ')).toBe(true);
});

it('logs nothing by default', async () => {
  expect(await logged({})).toEqual([]);
});

it.each([
  [{ sluiceDebug: '1' }, {}, true],
  [{ sluiceDebug: '1' }, { debug: false }, false],
  [{}, {}, false],
])('reads localStorage in a page: %o, %o', async (storage, options, expected) => {
  vi.stubGlobal('document', { hidden: false });
  vi.stubGlobal('localStorage', storage);
  expect((await logged(options)).length > 0).toBe(expected);
});

it('works if localStorage is blocked, and never uses that of Node', async () => {
  const touched = vi.fn(() => {
    throw new DOMException('no', 'SecurityError');
  });
  vi.stubGlobal('localStorage', undefined);
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, get: touched });
  expect(await logged({})).toEqual([]);
  expect(touched).not.toHaveBeenCalled();
  vi.stubGlobal('document', { hidden: false });
  expect(await logged({})).toEqual([]);
  expect(touched).toHaveBeenCalledOnce();
});

it('does not count as an event handler', async () => {
  const gateway = new FakeGateway();
  const client = gateway.client({ debug: true });
  client.connect().catch(() => {});
  for (let n = 0; n < 3; n++) {
    await loadDiagnostics();
    await turn();
  }
  gateway.socket.drop(1006);
  for (let n = 0; n < 3; n++) {
    await loadDiagnostics();
    await turn();
  }
  expect(console.error).toHaveBeenCalledOnce();
  client.close();
});
