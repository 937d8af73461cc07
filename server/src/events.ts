import type { Command, Conditions, ErrorName, GapReason, Json, Position, Tags } from '@sluice/protocol';

/**
 * Events of the gateway, for observers: metrics, log, webhooks. Observers can neither slow nor
 * break a publish. `rule` is the pattern of the channel's rule.
 */
export interface Events {
  connectionOpened: { connection: string; address: string; protocol: string };
  authenticated: { connection: string; user: string | null; client: string | undefined };
  /** `duration` in milliseconds. */
  connectionClosed: { connection: string; user: string | null; code: number; reason: string; duration: number };
  /**
   * A subscription begins after the position `start` of the log `log`: that of `channel`, or of the
   * bound channel if `channel` is a pattern. `conditions`: its filter.
   */
  subscribed: {
    connection: string;
    channel: string;
    log: string;
    /** Its id, if it has one. */
    sub?: number | undefined;
    start: Position;
    conditions?: Conditions | undefined;
  };
  /** A subscription has ended. It was sent the log up to `end`, except for gaps and its filter. */
  unsubscribed: {
    connection: string;
    channel: string;
    log: string;
    sub?: number | undefined;
    end: Position;
    reason: 'asked' | 'permission' | 'removed' | 'closed';
  };
  /**
   * A message was appended. `waited`: milliseconds until the engine acknowledged it, 0 if it
   * answered synchronously. `content`: never log it.
   */
  published: {
    channel: string;
    rule?: string;
    id: string;
    /** The number of the id: see `Ids`. */
    number: number;
    offset: number;
    waited?: number | undefined;
    content?: { readonly data: Json; readonly event?: string; readonly tags?: Tags; readonly from?: string };
  };
  /** A message was published that was scheduled, once or recurring: `delay` ms after its time. */
  latePublished: { channel: string; kind: 'once' | 'recurring'; delay: number };
  /** A message that was scheduled was refused for good when it was due; a `fault` follows. */
  lateDropped: { channel: string; kind: 'once' | 'recurring'; error: ErrorName };
  /**
   * A recurring schedule missed its times from one to another, because no node was there: none of
   * them was published, or the last one.
   */
  timesMissed: { schedule: string; channel: string; from: number; to: number; published: boolean };
  /** A published message was also appended to a bound channel. */
  copied: { from: string; to: string };
  /**
   * The fan-out of a channel in one turn, from `after` (exclusive) to `offset`: the sum over its messages of the sockets
   * that each was sent to.
   */
  delivered: {
    channel: string;
    rule?: string;
    after: number;
    offset: number;
    deliveries: number;
    bytes: number;
    /** The oldest of the messages. */
    oldest?: { readonly message: { readonly time: number } } | undefined;
  };
  /**
   * A cursor replays from the log: it began in the past, its reader was too slow, the engine's feed
   * had a gap, or its filter has changed.
   */
  replaying: { connection: string; channel: string; rule?: string; cause: 'start' | 'slow_reader' | 'feed' | 'filter' };
  /** Messages with offsets greater than `after`, up to `offset`, were sent from the log to a replaying cursor. */
  replayed: {
    connection: string;
    channel: string;
    rule?: string;
    after: number;
    offset: number;
    messages: number;
    bytes: number;
  };
  /** A connection's buffer exceeded its limit; its cursors switched to replaying. */
  overflowed: { connection: string; cursors: number };
  /** A gap after `from`, up to `to`, was reported, with this many messages in `latest`. */
  gap: {
    connection: string;
    channel: string;
    rule?: string;
    sub?: number | undefined;
    from: Position;
    to: Position;
    reason: GapReason;
    policy: string;
    latest: number;
  };
  /** Members, or their number, were sent: bytes, multiplied by the connections that receive them. */
  presenceSent: { channel: string; bytes: number };
  /** A consumer of a group has begun to receive messages, or receives no more. */
  consumerStarted: { channel: string; group: string };
  consumerStopped: { channel: string; group: string };
  /** Messages were sent to consumers; `repeated`: how many of them had been delivered before. */
  deliveriesSent: { channel: string; group: string; count: number; repeated: number };
  /** Consumers have settled deliveries; `expired`: how many were no longer in flight. */
  settled: { channel: string; group: string; outcome: string; count: number; expired: number };
  /** The log lost messages that a group had not settled. */
  groupGap: { channel: string; group: string; reason: GapReason };
  /** Messages had expired before a group delivered them; `dropped`: how many the full dead list had no room for. */
  messagesExpired: { channel: string; group: string; count: number; dropped: number };
  /** A bridge to a broker has another state on this node; `error`: why, without secrets and payloads. */
  bridgeMoved: { bridge: string; system: string; direction: 'in' | 'out'; state: string; error?: string };
  /**
   * Messages of a bridge; `outcome`: `published`, `sent`, `dead_lettered`, `skipped`, `returned`, `gap` or `lost`; `why`: which
   * ones, and the reason, without secrets and payloads; `isOdd`: a setting is probably wrong.
   */
  bridgeCounted: { bridge: string; outcome: string; count: number; why?: string; isOdd?: true };
  /** Dead letters could not be published to their channel for now: they are tried again. */
  deadLettersRefused: { channel: string; group: string; target: string; error: ErrorName };
  /** One dead letter was refused for good: it stays in the group's list, and later ones are published. */
  deadLetterRefused: {
    channel: string;
    group: string;
    target: string;
    /** Of the message in its channel. */
    offset: number;
    error: ErrorName;
    detail: string;
  };
  /**
   * A request has ended: `replied`, the name of its error, or `abandoned` because its requester has
   * left. `duration` in milliseconds.
   */
  requested: { rule: string; outcome: 'replied' | 'abandoned' | ErrorName; duration: number };
  /** A connection has sent a command. Emitted only while somebody listens: see `EventBus.isHeard`. */
  command: { connection: string; command: Command };
  /**
   * A hook was asked: `answered`, or how it failed. `duration` in milliseconds. `hookFailed`, with
   * the reason, comes in addition.
   */
  hookAsked: { hook: string; kind: string; outcome: string; duration: number };
  hookFailed: { hook: string; kind: string; failure: string; detail: string };
  /** A hook failed several times in a row and is not asked for `pause` milliseconds; 0: it answers again. */
  hookPaused: { hook: string; pause: number };
  /** A group has this number of dead letters: one more, or as many as before. */
  groupDead: { channel: string; group: string; dead: number };
  /** A request was sent to the endpoint of a webhook: `received`, or how it failed. `duration` in milliseconds. */
  webhookSent: { webhook: string; outcome: string; duration: number };
  webhookFailed: { webhook: string; failure: string; detail: string; failures: number };
  /** A command was refused. `channel`: of the command, if it has one. */
  refused: { connection: string; command: string; channel?: string | undefined; error: ErrorName; detail: string };
  /** A handshake that did not become a connection, or a request that could not be parsed. */
  rejected: { what: 'handshake' | 'request'; address: string; error: ErrorName; detail: string };
  request: { method: string; path: string; status: number; duration: number };
  /** A bug in the gateway: `where` it occurred, and the error. */
  fault: { where: string; error: unknown };
  /** The engine works, but should be set up differently: advice for an operator. */
  engineWarned: { engine: string; advice: string };
  /** The engine cannot execute operations, and why. */
  engineTroubled: { engine: string; trouble: string };
  /** The engine works again, after this many milliseconds. */
  engineRecovered: { engine: string; duration: number };
  /**
   * The number of connections that the limit of file descriptors allows; `expected`: how many a
   * node should hold.
   */
  descriptorsCounted: { limit: number; connections: number; expected: number };
  /** This system does not report how many file descriptors are open. */
  descriptorsUnknown: Record<string, never>;
  /** Too few file descriptors are left, and WebSockets are refused; the second event ends that. */
  descriptorsLow: { open: number; limit: number };
  descriptorsAmple: { open: number; limit: number };
  /** Other processes of the gateway cannot open the tickets of this one; `advice`: what to do. */
  ticketsLocal: { advice: string };
  /** `httpPort`: a second port for HTTP only. */
  started: { url: string; httpPort?: number };
  /**
   * A backend or an operator has changed something over the HTTP API. `by` is the API key's name, or
   * the user; `target` the user or the connection.
   */
  managed: { action: string; by: string; target: string; connections: number; reason?: string | undefined };
  /** A node was requested to drain and stop; `node` is the name in the request. */
  drainAsked: { node: string };
  /**
   * The wall clock was changed, or the machine was asleep: by `by` milliseconds, negative if it
   * moved back.
   */
  clockSet: { by: number };
  /** Another configuration is in force; `restart`: what differs and needs a restart. */
  reloaded: { changes: readonly string[]; restart: readonly string[] };
  /** The configuration could not be read again or applied: nothing has changed. */
  reloadFailed: { problem: string };
  /** Somebody observes a user or a channel live, `by` an API key or a user; `seconds`: the longest duration. */
  tapStarted: { by: string; target: string; payloads: boolean; seconds: number };
  /** This node records for a tap, of this node or of another one. */
  tapRecording: { by: string; target: string; payloads: boolean };
  /** `entries`: how many were shown. */
  tapEnded: { by: string; target: string; payloads: boolean; entries: number };
  /** A person looks at the data of messages, `by` an API key or a user. */
  payloadsShown: { by: string; target: string };
  draining: { connections: number; duration: number };
  stopped: Record<string, never>;
}

type Listener<Name extends keyof Events> = (event: Events[Name]) => void;
type Listeners = { [Name in keyof Events]?: Listener<Name>[] | undefined };

/** Carries events from the core to its observers, in the order in which they were added. */
export class EventBus {
  readonly #listeners: Listeners = {};

  /** @returns a function that removes the listener */
  on<Name extends keyof Events>(name: Name, listener: Listener<Name>): () => void {
    this.#set(name, [...(this.#listeners[name] ?? []), listener]);
    return () =>
      this.#set(
        name,
        (this.#listeners[name] ?? []).filter((other) => other !== listener),
      );
  }

  /** A new list each time, so that an `emit` in progress is not disturbed. */
  #set<Name extends keyof Events>(name: Name, listeners: Listener<Name>[]): void {
    (this.#listeners as Record<Name, Listener<Name>[] | undefined>)[name] =
      listeners.length === 0 ? undefined : listeners;
  }

  /** Does anybody listen? For events that are made only then. */
  isHeard(name: keyof Events): boolean {
    return this.#listeners[name] !== undefined;
  }

  /**
   * Notifies all observers. A listener that throws is reported as a `fault` and does not affect the
   * others.
   */
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
