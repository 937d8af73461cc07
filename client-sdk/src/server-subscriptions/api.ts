import type { Channel, Position } from '../index.ts';

/** A subscription that the backend has opened on this connection. */
export interface ServerSubscription {
  readonly channel: Channel;
  /** Where it starts: pass it to `channel.subscribe` to miss nothing. */
  readonly position: Position;
}

/** Options of `onServerSubscription`. */
export interface ServerSubscriptionOptions {
  /** Ends the listening; the subscriptions continue. */
  readonly signal?: AbortSignal;
}
