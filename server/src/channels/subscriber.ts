import type { Push } from '@sluice/protocol';
import type { Wire } from '../protocols/protocol.ts';
import type { Connection } from '../transport/connection.ts';
import type { Standings } from './standings.ts';

/** A connection as the holder of standing things. */
export interface Subscriber {
  readonly connection: Connection;
  readonly wire: Wire;
  /** What it holds. */
  readonly standings: Standings;
  /** Sends a push after the replies that already wait. */
  push(push: Push): void;
  /** Sends at once what waits. For large pushes: only what was sent is counted against the connection's buffer. */
  release(): void;
  /** Sends an encoded frame after the replies that already wait. */
  sendFrame(frame: Uint8Array): void;
  /** Charges the connection for a list of members that the client asked for. */
  chargeList(bytes: number): void;
  /** Charges the connection for messages from the log that the client asked for. */
  chargeReplay(messages: number, bytes: number): void;
  /** Milliseconds until the rate limit allows more of what the client asks for. */
  readonly debt: number;
  /** Closes the connection as a slow reader. */
  cutSlowReader(): void;
}
