import type { Client, ClientOptions } from './api.ts';
import type { ConnectionSetup } from './connection.ts';
import { clientError } from './errors.ts';
import { loadDiagnostics } from './load-diagnostics.ts';
import type { WebSocketConstructor } from './socket.ts';

/** What the choice of a class needs to know. */
export interface SharingSetup extends Pick<ClientOptions, 'shareTabs' | 'WebSocket' | 'debug'> {
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
  let { WebSocket, debug } = setup;
  try {
    // Node has a `localStorage` that warns when it is touched; a page may be forbidden to touch its own.
    debug ??= globalThis.document && !!localStorage.sluiceDebug;
  } catch {}
  try {
    if (setup.shareTabs) WebSocket = await (await import('./share-tabs/share-tabs.ts')).shareTabs(setup);
  } catch (cause) {
    setup.observer.report('error', clientError('not_shared', `The connection is not shared: ${cause}`, cause));
  }
  if (!debug) return WebSocket;
  return loadDiagnostics().then(
    ({ trace }) => trace(setup.observer, { ...setup, WebSocket }),
    () => WebSocket,
  );
}
