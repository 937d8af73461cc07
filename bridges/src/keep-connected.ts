import type { BridgeHost } from '@sluice/server/bridging';
import type { Backoff } from './backoff.ts';
import { closing, failureOf, openInTime } from './connection.ts';
import { pause } from './pause.ts';

/** The bridge must not go on. The message says why, for an operator. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  /** The message for the log, which repeats nothing of what was read. */
  readonly logged: string;

  constructor(message: string, logged = message) {
    super(message);
    this.logged = logged;
  }
}

/** The broker no longer has messages that were not read. The bridge goes on, and its status keeps the report. */
export class MessagesLost extends Error {
  override readonly name = 'MessagesLost';
}

export interface KeepConnectedParts<T> {
  readonly host: BridgeHost;
  /** Whoever uses a connection resets it once the connection has been of use. */
  readonly backoff: Backoff;
  readonly open: () => Promise<T>;
  /** Uses a connection until it is lost, or until the signal aborts. */
  readonly use: (open: T) => Promise<void>;
  /** Closes the connection when it aborts. Default: the signal with which nothing new begins. */
  readonly cut?: AbortSignal;
}

/** Connects and uses the connection, again and again with growing delays, until the signal aborts. */
export async function keepConnected<T extends { close(): Promise<void> }>(
  { host, backoff, open, use, cut }: KeepConnectedParts<T>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      host.moved('connecting');
      const opened = await openInTime({ clock: host.clock, signal }, open);
      await closing(opened, { clock: host.clock, signal: cut ?? signal }, () => use(opened));
    } catch (error) {
      if (error instanceof Stopped) {
        host.moved('failed', error.message, { logged: error.logged });
        return;
      }
      if (signal.aborted) return;
      host.moved('waiting', failureOf(error), { isOver: !(error instanceof MessagesLost) });
    }
    await pause(host.clock, backoff.next(), signal);
  }
}
