import { createSubscriber } from 'svelte/reactivity';
import { type AnyClient, type ConnectionSnapshot, connectionStore } from '../stores/index.ts';

/**
 * Returns the state of the connection with reactive properties. It never opens a connection.
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { liveConnection } from '@sluice/client/svelte';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const connection = liveConnection(client);
 * console.log(connection.state, connection.error?.message);
 */
export function liveConnection(client: AnyClient): ConnectionSnapshot {
  const store = connectionStore(client);
  const track = createSubscriber((update) => store.subscribe(update));
  const read = () => {
    track();
    return store.getSnapshot();
  };
  return {
    get state() {
      return read().state;
    },
    get user() {
      return read().user;
    },
    get error() {
      return read().error;
    },
    get retryIn() {
      return read().retryIn;
    },
    get retryAt() {
      return read().retryAt;
    },
  };
}
