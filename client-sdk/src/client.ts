import type { Channel, Client, ClientEvents, ClientOptions } from './api.ts';
import { ChannelHandle } from './channel.ts';
import type { ClientState } from './connection.ts';
import { Core } from './core.ts';
import { type Environment, realEnvironment } from './environment.ts';
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
 */
export function createClient(options: ClientOptions): Client {
  return new ClientFace(options, realEnvironment);
}

/** What `createClient` returns: only what an application may use. */
export class ClientFace implements Client {
  readonly #core: Core;
  readonly #channels = new Map<string, WeakRef<Channel<never>>>();
  readonly #collected = new FinalizationRegistry<string>((name) => {
    if (!this.#channels.get(name)?.deref()) this.#channels.delete(name);
  });

  constructor(options: ClientOptions, environment: Environment) {
    this.#core = new Core(options, environment);
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

  channel<T = unknown>(name: string): Channel<T> {
    const known = this.#channels.get(name)?.deref();
    if (known) return known as unknown as Channel<T>;
    const channel = new ChannelHandle<T>(name, this.#core);
    this.#channels.set(name, new WeakRef(channel as unknown as Channel<never>));
    this.#collected.register(channel, name);
    return channel;
  }

  on<Name extends keyof ClientEvents>(name: Name, handler: (value: ClientEvents[Name]) => void): () => void {
    return this.#core.on(name, handler);
  }
}
