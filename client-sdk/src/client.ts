import type { Channels } from '@sluice/protocol/contracts';
import type { Client, ClientOptions } from './api.ts';
import type { StateChange } from './client-state.ts';
import { Core } from './core.ts';
import { check } from './options.ts';

/**
 * Creates a client. It connects when it is first used.
 *
 * @example
 * import { createClient } from '@sluice/client';
 *
 * const client = createClient({
 *   url: 'wss://example.com/ws',
 *   tokenUrl: '/api/token', // of your backend; it returns { "token": "…" }
 * });
 * const lobby = client.channel<{ text: string }>('chat:lobby');
 * lobby.subscribe((message) => console.log(message.data.text));
 * await lobby.publish({ text: 'Hello' });
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import type { channels } from './channels.ts'; // created by defineChannels; see docs/contracts.md
 *
 * const client = createClient<typeof channels>({ url: 'wss://example.com/ws' });
 */
export function createClient<C extends Channels = Channels>(options: ClientOptions): Client<C> {
  const core = new Core(options, createClient);
  const { peer: connection } = core;
  // The contract exists for the compiler only.
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
        const settle = ({ state, error = core.calls.ended }: StateChange) => {
          if (state === 'connected') resolve();
          else if (state === 'closed' && error) core.report('error', error, { instead: reject });
          else return;
          stop();
        };
        const stop = core.on('state', settle, { passive: true });
        connection.connect();
      }),
    close: () => connection.close(),
    channel: (name) => core.channel(name),
    on: (name, handler, options) => {
      return core.on(name, handler, check(options, { handler }));
    },
  };
  return client as unknown as Client<C>;
}
