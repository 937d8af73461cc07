import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createClient } from '../src/index.ts';
import { shareTabs } from '../src/share-tabs/share-tabs.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

vi.mock('../src/share-tabs/share-tabs.ts', () => ({ shareTabs: vi.fn() }));

const share = vi.mocked(shareTabs);
let gateway: FakeGateway;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  gateway = new FakeGateway();
  share.mockReset();
});

afterEach(restoreGlobals);

/** Waits until the file is loaded, which takes more than a turn. */
async function loaded(): Promise<void> {
  await vi.dynamicImportSettled();
  await turn();
}

it('connects with the supplied class, and requests it once', async () => {
  const shared = new FakeGateway();
  share.mockResolvedValue(shared.WebSocket);
  const client = gateway.client({ shareTabs: true, timeout: 4000 });
  void client.connect();
  await loaded();
  await shared.socket.accept();
  shared.socket.drop();
  await pass(250);
  expect([client.state, shared.sockets.length, gateway.sockets.length]).toEqual(['connecting', 2, 0]);
  const { WebSocket, codec } = gateway;
  const expected = { url: 'ws://gateway.test/ws', WebSocket, codec, timeout: 4000, create: createClient };
  expect(share.mock.calls).toEqual([[expect.objectContaining(expected)]]);
});

it('connects with its own WebSocket if loading fails, and reports the failure once', async () => {
  const cause = new Error('no SharedWorker');
  share.mockRejectedValue(cause);
  const client = gateway.client({ shareTabs: true });
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  void client.connect();
  await loaded();
  await gateway.socket.accept();
  gateway.socket.drop();
  await pass(250);
  expect([client.state, gateway.sockets.length]).toEqual(['connecting', 2]);
  expect(errors).toEqual([expect.objectContaining({ name: 'not_shared', cause })]);
});

it('loads nothing if tabs are not shared', async () => {
  void gateway.client().connect();
  await loaded();
  expect([gateway.sockets.length, share.mock.calls.length]).toEqual([1, 0]);
});
