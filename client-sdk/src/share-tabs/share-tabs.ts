/**
 * One connection for all tabs. The core loads this file by itself where `shareTabs` is set; there is no need to import it.
 *
 * @packageDocumentation
 */
import type { Client, ClientOptions, Codec, WebSocketConstructor } from '../index.ts';

/** What the core hands over. */
export interface ShareTabsOptions {
  readonly url: string | URL;
  readonly codec: Codec;
  /** The class of WebSockets; absent: the global one. */
  readonly WebSocket?: WebSocketConstructor;
  /** Milliseconds that an answer of the gateway may take. */
  readonly timeout: number;
  /** `createClient`, so that no second core is loaded. */
  readonly create: (options: ClientOptions) => Client;
}

/**
 * The class of WebSockets that the client of this tab is to use. Called once per client.
 *
 * @example
 * const Shared = await shareTabs({ url: 'wss://example.com/ws', codec: json, timeout: 15_000, create: createClient });
 */
export function shareTabs({ WebSocket = globalThis.WebSocket }: ShareTabsOptions): WebSocketConstructor {
  return WebSocket;
}
