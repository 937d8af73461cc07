import type { Codec, GapReason, Position } from '@sluice/protocol';
import type { Client, ClientState } from '../index.ts';
import type { WebSocketConstructor } from '../socket.ts';

/** Options of `createDevtools`. */
export interface DevtoolsOptions {
  /** The WebSocket class that the client would use. Default: the global one. */
  readonly WebSocket?: WebSocketConstructor;
  /** The codec of the client. Default: JSON. */
  readonly codec?: Codec;
  /** How many frames, and other events of each kind, are kept. Default: 200. */
  readonly keep?: number;
}

/** A message that was sent or received, without token and data. */
export interface FrameRecord {
  /** When: milliseconds since the Unix epoch by the local clock. */
  readonly time: number;
  readonly direction: 'sent' | 'received';
  readonly type: string;
  /** Type, channel and offsets in one line. */
  readonly text: string;
  /** Bytes of its frame, which it may share with other messages. */
  readonly size: number;
}

/** A change of the connection's state. */
export interface StateRecord {
  readonly time: number;
  readonly state: ClientState;
  /** Name of the error, if there is one. */
  readonly error?: string | undefined;
}

/** A gap that the gateway has reported. */
export interface GapRecord {
  readonly time: number;
  readonly channel: string;
  readonly from: Position;
  readonly to: Position;
  readonly reason: GapReason;
}

/** What happened to the token: never the token itself. */
export interface TokenRecord {
  readonly time: number;
  /** The client presented a token, the gateway accepted it, or asked for a new one. */
  readonly event: 'presented' | 'accepted' | 'refresh asked';
  /** When it expires, by the gateway's clock in milliseconds since the Unix epoch. */
  readonly expiresAt?: number | undefined;
}

/** A subscription as the gateway sees it. */
export interface SubscriptionRecord {
  readonly channel: string;
  /** Its id, if the connection has several on the channel. */
  readonly sub: number | undefined;
  readonly state: 'subscribing' | 'live' | 'replaying' | 'ended';
  /** The newest message that has arrived. */
  readonly position: Position | undefined;
  readonly received: number;
  readonly gaps: number;
}

/** A message of the outbox, without its data. */
export interface OutboxRecord {
  readonly key: string;
  readonly channel: string;
  readonly status: string;
}

/**
 * How the network between page and gateway is. `slow`: the page reads one frame after the other, late.
 * Where the browser has `WebSocketStream`, the gateway has to wait as well.
 */
export type NetworkCondition = 'normal' | 'cut' | 'slow';

/** What the devtools know. The newest entry of each list is the last. */
export interface DevtoolsSnapshot {
  readonly network: NetworkCondition;
  readonly state: ClientState;
  readonly user: string | null | undefined;
  readonly states: readonly StateRecord[];
  readonly subscriptions: readonly SubscriptionRecord[];
  readonly frames: readonly FrameRecord[];
  readonly gaps: readonly GapRecord[];
  readonly tokens: readonly TokenRecord[];
  readonly outbox: readonly OutboxRecord[];
  /** Frames that have arrived and wait because the network is `slow`: none if they wait at the gateway. */
  readonly waiting: number;
}

/** The part of a client that the devtools listen to. */
export type ObservedClient = Pick<Client, 'state' | 'user' | 'on'>;

/** The part of an outbox that the devtools listen to. */
export interface ObservedOutbox {
  readonly messages: readonly OutboxRecord[];
  on(name: 'change', handler: () => void): () => void;
}

/** Looks into one client, and breaks its network. */
export interface Devtools {
  /** Pass it to `createClient`. */
  readonly WebSocket: WebSocketConstructor;
  /**
   * Listens to the client, and to its outbox if it has one.
   *
   * @example
   * import { createClient } from '@sluice/client';
   * import { createDevtools } from '@sluice/client/devtools';
   *
   * const devtools = createDevtools();
   * const client = createClient({ url: '/ws', WebSocket: devtools.WebSocket });
   * devtools.attach(client);
   */
  attach(client: ObservedClient, outbox?: ObservedOutbox): void;
  /** The present snapshot: the same object until something changes. */
  getSnapshot(): DevtoolsSnapshot;
  /**
   * Calls `onChange` once after each turn in which something changed.
   *
   * @returns a function that ends it
   */
  subscribe(onChange: () => void): () => void;
  /**
   * Changes the network. `cut` loses the connection, and every new one; `slow` hands the client one
   * frame per `delay` milliseconds, in their order. In Chromium it opens the connection again, and
   * reads no faster from the socket, so that the gateway has a slow reader.
   *
   * @param delay default 500
   */
  setNetwork(condition: NetworkCondition, delay?: number): void;
  /** Forgets frames, gaps, states and tokens. */
  clear(): void;
  /** Stops listening, and restores the network. */
  close(): void;
}

/** Where other tools find the devtools of a page: `window.__SLUICE_DEVTOOLS__`. */
export interface DevtoolsHook {
  readonly clients: Set<Devtools>;
}
