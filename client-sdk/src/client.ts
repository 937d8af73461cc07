import type { Channels } from '@sluice/protocol/contracts';
import type { Client, ClientOptions } from './api.ts';
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
 * import { createClient } from '@sluice/client';
 * import type { channels } from './channels.ts'; // made by defineChannels; see docs/contracts.md
 *
 * const client = createClient<typeof channels>({ url: 'wss://example.com/ws' });
 */
export function createClient<C extends Channels = Channels>(options: ClientOptions): Client<C> {
  const core = new Core(options, createClient);
  const { connection } = core;
  // The contract is for the compiler alone: nothing of it is there at run time.
  const client: Client = {
    get state() {
      return connection.state;
    },
    get user() {
      return connection.user;
    },
    connect: () =>
      new Promise((resolve, reject) => {
        if (connection.state === 'connected') return resolve();
        const stop = core.on('state', ({ state, error }) => {
          if (state === 'connected') resolve();
          else if (state === 'closed') reject(error ?? clientError('closed'));
          else return;
          stop();
        });
        connection.connect();
      }),
    close: () => connection.close(),
    channel: (name) => core.channel(name),
    on: (name, handler) => core.on(name, handler),
  };
  return client as unknown as Client<C>;
}
