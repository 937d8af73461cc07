import { guard } from '../emitter.ts';
import type { ClientState, SluiceError } from '../index.ts';
import { checkSource } from './options.ts';
import type { AnyClient, Store } from './store.ts';

/** The state of a connection. */
export interface ConnectionSnapshot {
  readonly state: ClientState;
  /** The user of the connection: `null` when anonymous, `undefined` before the first connection. */
  readonly user: string | null | undefined;
  /** Why there is no connection. It stays during the next attempt and is cleared on success. */
  readonly error: SluiceError | undefined;
  /** While `waiting`: milliseconds from the start of the wait to the next attempt. */
  readonly retryIn: number | undefined;
  /**
   * While `waiting`: the time of the next attempt, in milliseconds since the Unix epoch by the
   * local clock.
   */
  readonly retryAt: number | undefined;
}

const NOT_YET: ConnectionSnapshot = Object.freeze({
  state: 'idle',
  user: undefined,
  error: undefined,
  retryIn: undefined,
  retryAt: undefined,
});

const stores = new WeakMap<AnyClient, Store<ConnectionSnapshot>>();

/**
 * The state of a client's connection as a store. There is one store per client. It never opens a
 * connection.
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { connectionStore } from '@sluice/client/stores';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const store = connectionStore(client);
 * const stop = store.subscribe(() => console.log(store.getSnapshot().state));
 * stop();
 */
export function connectionStore(client: AnyClient): Store<ConnectionSnapshot> {
  checkSource(client, null);
  const store = stores.get(client) ?? makeStore(client);
  stores.set(client, store);
  return store;
}

function makeStore(client: AnyClient): Store<ConnectionSnapshot> {
  const users = new Set<{ readonly onChange: () => void }>();
  const { state, user } = client;
  let snapshot: ConnectionSnapshot = { ...NOT_YET, state, user };
  // It lives as long as the client, so that components that mount later know why the connection was
  // lost.
  client.on('state', ({ state, error = state === 'connecting' ? snapshot.error : undefined, retryIn }) => {
    const retryAt = retryIn === undefined ? undefined : Date.now() + retryIn;
    snapshot = { state, user: client.user, error, retryIn, retryAt };
    for (const { onChange } of [...users]) guard(onChange);
  });
  return {
    subscribe(onChange) {
      const user = { onChange };
      users.add(user);
      return () => void users.delete(user);
    },
    getSnapshot: () => snapshot,
    getServerSnapshot: () => NOT_YET,
  };
}
