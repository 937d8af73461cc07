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
  /** Sends a push behind the replies that already wait. */
  push(push: Push): void;
  /** Sends at once what waits. Where it is large: what has been sent can be counted, what waits cannot. */
  release(): void;
  /** Sends an encoded frame behind the replies that already wait. */
  sendFrame(frame: Uint8Array): void;
  /** Has it pay for a list of members that it asked for. */
  chargeList(bytes: number): void;
  /** Has it pay for messages from the log that it asked for. */
  chargeReplay(messages: number, bytes: number): void;
  /** Milliseconds until it has paid for everything that it asked for; it gets no more of that until then. */
  readonly debt: number;
  /** Closes the connection as a slow reader. */
  cutSlowReader(): void;
}
