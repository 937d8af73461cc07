import type { Codec } from '@sluice/protocol';
import type { Channels } from '@sluice/protocol/contracts';
import type { Channel, Gap } from './channel-api.ts';
import type { ClientState, StateChange } from './client-state.ts';
import type { ContractChannels } from './contract-channel.ts';
import type { ListenOptions } from './emitter.ts';
import type { SluiceError } from './errors.ts';
import type { WebSocketConstructor } from './socket.ts';
import type { Token } from './token.ts';

/** Options of `createClient`. */
export interface ClientOptions {
  /**
   * The gateway's address, e.g. `wss://example.com/ws`. Without a path it is `/ws`; on a page it may
   * be relative. `http` and `https` mean `ws` and `wss`.
   */
  readonly url: string | URL;
  /**
   * A JWT, or a function that fetches one and returns text or `{ token }`. The function is called
   * for the first connection, and again when the token has expired, is about to expire, or was
   * refused. Without a token the connection is anonymous, if the gateway allows that.
   */
  readonly token?: Token;
  /**
   * Instead of `token`: a route of your backend that returns a JWT, as text or as
   * `{ "token": "…" }`. The client fetches it by GET, with the page's cookies if the origin is the
   * same, and never from a cache.
   */
  readonly tokenUrl?: string | URL;
  /** The encoding of frames. Default: JSON. `msgpack` is in `@sluice/client/msgpack`. */
  readonly codec?: Codec;
  /**
   * The WebSocket class. Default: the global one when the client connects. On Node 20 pass the class
   * of the package `ws`.
   */
  readonly WebSocket?: WebSocketConstructor;
  /**
   * Milliseconds to wait for a reply of the gateway, including time without a connection.
   * Default: 15,000.
   */
  readonly timeout?: number;
  /**
   * Whether to connect when the client is first used (a subscription, a publish, a page of history).
   * Default: `true`; otherwise the client waits for `connect()`. Creating a client never connects,
   * so a server that renders pages may create one.
   */
  readonly autoConnect?: boolean;
  /**
   * Whether all tabs of this origin share one connection, if the browser supports it. The code for
   * it is loaded on demand. If that fails, this tab uses its own connection, and the client emits
   * one `error`. Default: `false`.
   */
  readonly shareTabs?: boolean;
  /**
   * Whether to log states and frames to the console, without tokens and data. Default: whether the
   * page has `localStorage.sluiceDebug` at the first connection. The code for it is loaded on
   * demand.
   */
  readonly debug?: boolean;
}

/** The events of a client: event name to value. */
export interface ClientEvents {
  /** The state of the connection has changed. */
  state: StateChange;
  /**
   * An error that no call, no `onError` of a subscription and no `state` listener received; and each
   * time that a token cannot be fetched or is refused. Without a listener it goes to the console,
   * once per cause.
   */
  error: SluiceError;
  /** Messages were lost on a subscription without `onGap`. Without a listener it goes to the console. */
  gap: Gap;
}

/**
 * One connection to the gateway, with any number of channels.
 *
 * @example
 * import { createClient } from '@sluice/client';
 *
 * const client = createClient({ url: 'wss://example.com/ws', token: () => fetchToken() });
 * client.on('state', ({ state, error, retryIn }) => showStatus(state, error?.message, retryIn));
 * client.channel<{ text: string }>('chat:lobby').subscribe((message) => show(message.data.text));
 */
export interface Client<C extends Channels = Channels> {
  /** The state of the connection. */
  readonly state: ClientState;
  /** The connection's user: `null` if anonymous, `undefined` before the first connection. */
  readonly user: string | null | undefined;
  /**
   * Connects, unless it is connected already; while `waiting`, immediately. A `closed` client starts
   * again, with a new token.
   *
   * @returns resolves when connected, after any number of attempts; rejects with a `SluiceError`
   *   after a permanent refusal. An unreachable gateway or a token that cannot be fetched is not
   *   permanent: listen to `state`, or look at the console, for the reason.
   *
   * @example
   * await client.connect();
   * greet(client.user);
   */
  connect(): Promise<void>;
  /**
   * Closes the connection. Pending calls are rejected, and subscriptions end, with the error `closed`.
   *
   * @example
   * client.close();
   */
  close(): void;
  /**
   * Returns a channel by its name. While the channel is in use, the same name returns the same
   * object. The type parameters are the types of its messages' data and of its members' state; a
   * client with a contract takes them from the contract, and knows no other channels.
   *
   * @example
   * interface Note { text: string }
   * const inbox = client.channel<Note>('user:42:inbox');
   */
  readonly channel: string extends keyof C ? AnyChannels : ContractChannels<C>;
  /**
   * Adds a listener. A `passive` listener does not count: what no other listener receives still goes
   * to the console.
   *
   * @returns removes the listener
   *
   * @example
   * const stop = client.on('error', (error) => report(error.name, error.message));
   * stop();
   */
  on<Name extends keyof ClientEvents>(
    name: Name,
    handler: (value: ClientEvents[Name]) => void,
    options?: ListenOptions,
  ): () => void;
}

/** Returns a channel of any name, with the types that the caller passes. */
export type AnyChannels = <T = unknown, State = unknown>(name: string) => Channel<T, State>;
