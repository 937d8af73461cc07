import type { Acceptor, Fanout } from './connection.ts';
import type { HttpSide } from './http.ts';

/** WebSockets and HTTP for the gateway: by uWebSockets.js, or in memory for tests. */
export interface Transport extends Fanout {
  /** The second port for HTTP only, if it is configured and open. */
  readonly httpPort?: number | undefined;
  /** WebSockets that were refused with a close frame, and may still be held until their peers close. */
  readonly refused?: number;
  /**
   * Starts to accept connections and requests.
   *
   * @returns the opened port
   * @throws if the port is in use, or if no native binary fits this machine
   */
  listen(acceptor: Acceptor, side: HttpSide): Promise<number>;
  /** Accepts no new connections; open ones stay open. */
  stopListening(): void;
  /** Cuts all open connections. */
  close(): void;
}
