import type { Codec } from '@sluice/protocol';
import type { Client, ClientEvents, ClientOptions } from './api.ts';
import type { Emitter } from './emitter.ts';
import { clientError, type SluiceError } from './errors.ts';
import { loadDiagnostics } from './load-diagnostics.ts';
import type { WebSocketConstructor } from './socket.ts';

/** What the choice of a class depends on. */
export interface SocketClassSetup extends Pick<ClientOptions, 'shareTabs' | 'WebSocket' | 'debug'> {
  readonly url: string;
  readonly codec: Codec;
  readonly timeout: number;
  readonly observer: Pick<Emitter<ClientEvents>, 'on'> & { report(name: 'error', error: SluiceError): void };
  /** `createClient`, so that its code is not loaded twice. */
  readonly create: (options: ClientOptions) => Client;
}

/**
 * Returns the WebSocket class to connect with: the application's, or one for the shared connection of
 * all tabs, whose code is a separate file (entries.mjs).
 *
 * @returns `undefined`: the global one
 */
export async function chooseSocketClass(setup: SocketClassSetup): Promise<WebSocketConstructor | undefined> {
  let { WebSocket, debug } = setup;
  try {
    // Reading `localStorage` prints a warning in Node, and throws on a page without storage access.
    debug ??= globalThis.document && !!localStorage.sluiceDebug;
  } catch {}
  try {
    if (setup.shareTabs) WebSocket = await (await import('./share-tabs/share-tabs.ts')).shareTabs(setup);
  } catch (cause) {
    setup.observer.report('error', clientError('not_shared', `The connection is not shared: ${cause}`, cause));
  }
  try {
    if (debug) WebSocket = (await loadDiagnostics()).trace(setup.observer, { ...setup, WebSocket });
  } catch {}
  return WebSocket;
}
