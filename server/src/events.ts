import type { ErrorName, GapReason } from '@sluice/protocol';

/** What happened in the gateway, for observers: metrics, log, webhooks. They hear; they can neither slow nor break a publish. */
export interface Events {
  connectionOpened: { connection: string; address: string; protocol: string };
  authenticated: { connection: string; user: string | null; client: string | undefined };
  /** `duration` in milliseconds. */
  connectionClosed: { connection: string; user: string | null; code: number; reason: string; duration: number };
  subscribed: { connection: string; channel: string };
  unsubscribed: { connection: string; channel: string };
  /** A message was appended. `waited`: milliseconds until an engine that does not answer at once had answered. */
  published: { channel: string; waited?: number | undefined };
  /** A turn's fan-out: how many messages went to how many sockets, multiplied. */
  delivered: { deliveries: number; bytes: number };
  /** The log has to be read to a cursor: because it began in the past, because its reader was too slow, or because the engine's feed had a hole. */
  replaying: { connection: string; channel: string; cause: 'start' | 'slow_reader' | 'feed' };
  /** Messages went from the log to a replaying cursor. */
  replayed: { channel: string; messages: number; bytes: number };
  /** A connection's buffer passed its limit; its cursors turned to replaying. */
  overflowed: { connection: string; cursors: number };
  /** A gap was told, with so many messages in `latest`. */
  gap: { connection: string; channel: string; reason: GapReason; policy: string; latest: number };
  /** Members, or their number, were sent: bytes, times the connections that receive them. */
  presenceSent: { channel: string; bytes: number };
  refused: { connection: string; command: string; error: ErrorName; detail: string };
  /** A handshake that did not become a connection, or a request that could not be parsed. */
  rejected: { what: 'handshake' | 'request'; address: string; error: ErrorName; detail: string };
  request: { method: string; path: string; status: number; duration: number };
  /** Our own mistake: `where` it came up, and the error. */
  fault: { where: string; error: unknown };
  /** The engine works, and should be set up differently: in words for an operator. */
  engineWarned: { engine: string; advice: string };
  /** The engine cannot carry out operations, and why. */
  engineTroubled: { engine: string; trouble: string };
  /** It can again, after so many milliseconds. */
  engineRecovered: { engine: string; duration: number };
  /** What the limit of file descriptors allows: so many connections; a node is `expected` to hold more or fewer. */
  descriptorsCounted: { limit: number; connections: number; expected: number };
  /** This system does not say how many file descriptors are open. */
  descriptorsUnknown: Record<string, never>;
  /** Too few are left: WebSockets are refused from now on; and until now. */
  descriptorsLow: { open: number; limit: number };
  descriptorsAmple: { open: number; limit: number };
  /** `httpPort`: a second port, for HTTP alone. */
  started: { url: string; httpPort?: number };
  /** A node is asked to drain and stop; `node` is the name that was called. */
  drainAsked: { node: string };
  /** The wall clock was set, or the machine was asleep: `by` milliseconds, negative where it went back. */
  clockSet: { by: number };
  draining: { connections: number; duration: number };
  stopped: Record<string, never>;
}

type Listener<Name extends keyof Events> = (event: Events[Name]) => void;
type Listeners = { [Name in keyof Events]?: Listener<Name>[] };

/** Carries events from the core to its observers, in the order in which they listen. */
export class EventBus {
  readonly #listeners: Listeners = {};

  on<Name extends keyof Events>(name: Name, listener: Listener<Name>): void {
    const listeners: Listener<Name>[] = this.#listeners[name] ?? [];
    listeners.push(listener);
    (this.#listeners as Record<Name, Listener<Name>[]>)[name] = listeners;
  }

  /** Tells all observers. A listener that throws is reported as a `fault` and hurts nobody else. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners: Listener<Name>[] | undefined = this.#listeners[name];
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        if (name !== 'fault') this.emit('fault', { where: `listener of "${name}"`, error });
      }
    }
  }
}
