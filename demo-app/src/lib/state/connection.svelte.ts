import type { Client, SluiceError } from '@sluice/client';

/** What the badge says; also the value of its `data-state`. */
export type Badge = 'connected' | 'connecting' | 'reconnecting' | 'offline' | 'closed';

/** Where the connection stands, as the page shows it. */
export class Connection {
  /** Why it is reconnecting or closed. */
  error = $state.raw<SluiceError | undefined>();
  /** When the next attempt is made: milliseconds since the Unix epoch, by this browser's clock. */
  retryAt = $state(0);
  #state = $state<Client['state']>('connecting');
  #online = $state(navigator.onLine);
  readonly #abort = new AbortController();

  constructor(client: Client) {
    const { signal } = this.#abort;
    addEventListener('online', () => (this.#online = true), { signal });
    addEventListener('offline', () => (this.#online = false), { signal });
    signal.addEventListener(
      'abort',
      client.on('state', ({ state, error, retryIn = 0 }) => {
        this.#state = state;
        // While it tries again the reason stays on show; only success clears it.
        if (state !== 'connecting') this.error = error;
        this.retryAt = Date.now() + retryIn;
      }),
    );
  }

  get badge(): Badge {
    if (this.#state === 'connected' || this.#state === 'closed') return this.#state;
    if (!this.#online) return 'offline';
    return this.#state === 'waiting' ? 'reconnecting' : 'connecting';
  }

  /** Stops listening. */
  dispose(): void {
    this.#abort.abort();
  }
}
