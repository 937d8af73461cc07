import type { Client, ClientOptions } from './api.ts';
import type { ConnectionSetup } from './connection.ts';
import { clientError } from './errors.ts';
import type { WebSocketConstructor } from './socket.ts';

/** What the choice of a class needs to know. */
export interface SharingSetup extends Pick<ClientOptions, 'shareTabs' | 'WebSocket'> {
  /** `createClient`: makes another client, without loading the code once more. */
  readonly create: (options: ClientOptions) => Client;
}

/**
 * Gets the class of WebSockets to connect with: the application's, or one that stands for the connection of all tabs. The
 * code of the latter is a file of its own (entries.mjs), which only those load who share.
 *
 * @returns `undefined` means the global one
 */
export async function chooseSocketClass(setup: ConnectionSetup): Promise<WebSocketConstructor | undefined> {
  try {
    if (setup.shareTabs) return await (await import('./share-tabs/share-tabs.ts')).shareTabs(setup);
  } catch (cause) {
    setup.events.report(clientError('not_shared', cause));
  }
  return setup.WebSocket;
}
