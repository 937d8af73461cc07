import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connectionStore } from '../../src/stores/index.ts';
import { restoreGlobals } from '../support/connected-client.ts';
import { FakeGateway, pass, turn } from '../support/fake-gateway.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(restoreGlobals);

it('follows the connection, and does not connect', async () => {
  const gateway = new FakeGateway();
  const client = gateway.client();
  const store = connectionStore(client);
  const onChange = vi.fn();
  const stop = store.subscribe(onChange);
  await turn();
  expect(gateway.sockets).toEqual([]);
  expect(store.getSnapshot()).toEqual(store.getServerSnapshot());
  expect(store.getSnapshot()).toMatchObject({ state: 'idle', user: undefined });
  expect(connectionStore(client)).toBe(store);

  void client.connect();
  await turn();
  await gateway.socket.accept({ user: 'ada' });
  expect(store.getSnapshot()).toMatchObject({ state: 'connected', user: 'ada', error: undefined });
  expect(store.getSnapshot()).toBe(store.getSnapshot());

  gateway.socket.drop();
  const { retryIn = 0, ...waiting } = store.getSnapshot();
  expect(waiting).toMatchObject({ state: 'waiting', error: { name: 'connection_lost' }, retryAt: 1_000_000 + retryIn });
  await pass(retryIn);
  // The reason stays visible until there is a connection.
  expect(store.getSnapshot()).toMatchObject({
    state: 'connecting',
    error: { name: 'connection_lost' },
    retryAt: undefined,
  });
  await gateway.socket.accept();
  expect(store.getSnapshot()).toMatchObject({ state: 'connected', error: undefined });

  onChange.mockClear();
  stop();
  client.close();
  expect(store.getSnapshot()).toMatchObject({ state: 'closed', error: undefined });
  expect(onChange).not.toHaveBeenCalled();
});
