import type { Acceptor, Fanout } from './connection.ts';
import type { HttpSide } from './http.ts';

/** WebSockets and HTTP, as the gateway needs them: by uWebSockets.js, or in memory for tests. */
export interface Transport extends Fanout {
  /** The port of the HTTP side alone, where there is one and it is open. */
  readonly httpPort?: number | undefined;
  /** WebSockets that were refused with a close frame, and may still be held until their peers close. */
  readonly refused?: number;
  /**
   * Begins to take connections and requests.
   *
   * @returns the port that was opened
   * @throws when the port is taken, or no native binary fits this machine
   */
  listen(acceptor: Acceptor, side: HttpSide): Promise<number>;
  /** Takes no new connections; those that stand go on. */
  stopListening(): void;
  /** Cuts what still stands. */
  close(): void;
}
