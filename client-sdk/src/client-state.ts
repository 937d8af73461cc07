import type { SluiceError } from './errors.ts';

/**
 * The state of the connection. `idle`: no connection was requested yet. `connecting`: fetching a
 * token, opening the WebSocket, waiting for the reply to `connect`. `connected`. `waiting`: the
 * connection was lost, and the next attempt is scheduled. `closed`: you closed it, or the gateway
 * refused it permanently.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';

/** A change of the connection's state. */
export interface StateChange {
  readonly state: ClientState;
  /** Why the state is `waiting` or `closed`; absent if you closed the connection yourself. */
  readonly error?: SluiceError;
  /** While `waiting`: milliseconds until the next attempt. */
  readonly retryIn?: number;
}
