import type { Client, SluiceError } from '@sluice/client';
import { liveConnection } from '@sluice/client/svelte';

/** The state that the badge shows; also the value of its `data-state`. */
export type Badge = 'connected' | 'connecting' | 'reconnecting' | 'offline' | 'closed';

/** The connection state as the page shows it. */
export class Connection {
  readonly #live: ReturnType<typeof liveConnection>;
  #online = $state(navigator.onLine);
  readonly #abort = new AbortController();

  constructor(client: Client) {
    this.#live = liveConnection(client);
    const { signal } = this.#abort;
    addEventListener('online', () => (this.#online = true), { signal });
    addEventListener('offline', () => (this.#online = false), { signal });
  }

  /** Why it is reconnecting or closed. */
  get error(): SluiceError | undefined {
    return this.#live.error;
  }

  /** Time of the next attempt: milliseconds since the Unix epoch, by this browser's clock. */
  get retryAt(): number {
    return this.#live.retryAt ?? 0;
  }

  get badge(): Badge {
    const { state } = this.#live;
    if (state === 'connected' || state === 'closed') return state;
    if (!this.#online) return 'offline';
    return state === 'waiting' ? 'reconnecting' : 'connecting';
  }

  /** Stops listening. */
  dispose(): void {
    this.#abort.abort();
  }
}
