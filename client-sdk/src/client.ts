import type { Channels } from '@sluice/protocol/contracts';
import type { Channel, Client, ClientEvents, ClientOptions } from './api.ts';
import type { ClientState } from './connection.ts';
import { Core } from './core.ts';
import { clientError } from './errors.ts';

/**
 * Makes a client. It connects when it is first used.
 *
 * @example
 * import { createClient } from '@sluice/client';
 *
 * const client = createClient({
 *   url: 'wss://example.com/ws',
 *   token: async ({ reason }) => (await fetch(`/token?reason=${reason}`)).text(),
 * });
 * const lobby = client.channel<{ text: string }>('chat:lobby');
 * lobby.subscribe((message) => console.log(message.data.text));
 * await lobby.publish({ text: 'Hello' });
 *
 * @example
 * import type { channels } from './channels.ts'; // made by defineChannels; see docs/contracts.md
 *
 * const client = createClient<typeof channels>({ url: 'wss://example.com/ws' });
 */
export function createClient<C extends Channels = Channels>(options: ClientOptions): Client<C> {
  // The contract is for the compiler alone: nothing of it is there at run time.
  return new ClientFace(options) as unknown as Client<C>;
}

/** What `createClient` returns: only what an application may use. */
export class ClientFace implements Client {
  readonly #core: Core;

  constructor(options: ClientOptions) {
    this.#core = new Core(options);
  }

  get state(): ClientState {
    return this.#core.connection.state;
  }

  get user(): string | null | undefined {
    return this.#core.connection.user;
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.state === 'connected') return resolve();
      const stop = this.on('state', ({ state, error }) => {
        if (state === 'connected') resolve();
        else if (state === 'closed') reject(error ?? clientError('closed'));
        else return;
        stop();
      });
      this.#core.connection.connect();
    });
  }

  close(): void {
    this.#core.connection.close();
  }

  channel<T = unknown, State = unknown>(name: string): Channel<T, State> {
    return this.#core.channel<T, State>(name);
  }

  on<Name extends keyof ClientEvents>(name: Name, handler: (value: ClientEvents[Name]) => void): () => void {
    return this.#core.on(name, handler);
  }
}
