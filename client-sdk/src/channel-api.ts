import type { ExpectedHead, Filter, GapReason, Position, PublishResult, Tags } from '@sluice/protocol';
import type { SluiceError } from './errors.ts';
import type { Presence } from './presence-api.ts';

/** A message of a channel. */
export interface Message<T = unknown> {
  /** Unique within the gateway's cluster. */
  readonly id: string;
  readonly channel: string;
  /** 1, 2, 3… without holes, within the epoch. */
  readonly offset: number;
  /** Names one life of the channel's log. */
  readonly epoch: string;
  /** When the gateway accepted it: milliseconds since the Unix epoch. */
  readonly time: number;
  readonly data: T;
  /** The kind of message, defined by the application. */
  readonly event?: string;
  readonly tags?: Tags;
  /** The user who published it, if the channel's rule includes it. */
  readonly from?: string;
  /** Where it was published, if it is a copy in a channel that binds others, or of a wildcard subscription. */
  readonly origin?: { readonly channel: string; readonly offset: number };
  /** The trace in which it was published: a `traceparent` of W3C Trace Context, if the publisher gave one. */
  readonly trace?: string;
  /** When it expires: milliseconds since the Unix epoch. Absent: never. */
  readonly expiresAt?: number;
}

/**
 * Messages that were lost, and why. If the channel keeps the newest messages for slow readers, they
 * come next; then the messages after `to`.
 */
export interface Gap {
  readonly channel: string;
  /** The position after the last message that you received. */
  readonly from: Position;
  readonly to: Position;
  readonly reason: GapReason;
  /**
   * Number of lost messages: all between `from` and `to`, except those that are delivered right
   * after the gap. `undefined` if it is unknown: the log has begun a new life, or a start by time has
   * no history.
   */
  readonly lost: number | undefined;
}

/** A time in the past, independent of the device's clock. */
export interface Ago {
  /** Milliseconds before now. */
  readonly ago: number;
}

/** Where to start. At most one of the three; without any: from now on. */
export interface Start {
  /** This many messages back. */
  readonly rewind?: number;
  /**
   * At the first message that is not older: milliseconds since the Unix epoch by the gateway's
   * clock, or `{ ago }`, milliseconds before now. A wrong clock of the device does not affect
   * `{ ago }`. On a channel without history, `onGap` reports that messages were published before.
   */
  readonly since?: number | Ago;
  /**
   * After this position, e.g. a stored one. Only a position is a guarantee: messages after it that
   * the log no longer has are reported as a gap.
   */
  readonly position?: Position;
}

/** Options of `subscribe`: where to start, and handlers. */
export interface SubscribeOptions<Event extends string = string> extends Start {
  /**
   * Only messages that match. Subscriptions with the same filter object share one on the gateway, so
   * pass the same object again, and do not change it.
   */
  readonly filter?: MessageFilter<Event>;
  /** Ends the subscription when it aborts. */
  readonly signal?: AbortSignal;
  /**
   * Called in place of lost messages. While the promise that it returns is pending, later messages
   * are held back and the state is `gap`: use this time to load what the messages would have
   * contained. A rejection is reported as an uncaught error, and the messages continue.
   */
  readonly onGap?: (gap: Gap) => unknown;
  readonly onState?: (state: SubscriptionState) => void;
  /**
   * Called if the subscription is refused, ends, or cannot read its backlog. Without it the client
   * emits `error`.
   */
  readonly onError?: (error: SluiceError) => void;
}

/**
 * The state of a subscription. `subscribing`: not accepted yet, or no connection. `catching-up`:
 * receiving messages of the past. `live`. `gap`: waiting for the promise of `onGap`. `denied`:
 * refused. `ended`: by you, by the gateway, or with the client.
 */
export type SubscriptionState = 'subscribing' | 'live' | 'catching-up' | 'gap' | 'denied' | 'ended';

/** The result of a `subscribe` call. It survives lost connections. */
export interface Subscription {
  readonly state: SubscriptionState;
  /** Resolves when the gateway has accepted the subscription; rejects if it is refused or ends before. */
  readonly ready: Promise<void>;
  /** The position after the last delivered message: store it to resume there later. */
  readonly position: Position | undefined;
  /**
   * Ends the subscription. No handler is called after that.
   *
   * @example
   * const subscription = channel.subscribe(show);
   * subscription.unsubscribe();
   */
  unsubscribe(): void;
}

/** Conditions on messages, all of them required. See SPEC.md section 3.5 for the tests of tags. */
export interface MessageFilter<Event extends string = string> extends Omit<Filter, 'event'> {
  /** The event is this one, or one of the list. */
  readonly event?: Event | readonly Event[];
}

/** The events that messages of a channel may have; `string` without a contract that lists them. */
export type EventOf<M extends Message> = NonNullable<M['event']>;

/** Options of `publish`: fields of the message, and how long to try. */
export interface PublishOptions<Event extends string = string> {
  /** The kind of message, defined by the application. */
  readonly event?: Event;
  /** Flat labels. */
  readonly tags?: Tags;
  /** The trace that it belongs to: a `traceparent` of W3C Trace Context. Subscribers find it in `message.trace`. */
  readonly trace?: string;
  /**
   * Within the channel's window, messages with the same key are appended once. Default: a random key
   * per call.
   */
  readonly key?: string;
  /**
   * Appends the message only if the head of the log is here (compare and set); otherwise it rejects
   * with `conflict`, and `head` of the error is the head.
   */
  readonly if?: ExpectedHead;
  /**
   * Milliseconds after which the message expires: from then on the gateway does not deliver it to
   * subscribers that are behind, in pages of history, or to consumers. Default: that of the channel's
   * rule, or never.
   */
  readonly ttl?: number;
  /** Gives up when it aborts. A message that was already sent may still be published. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds until it gives up, including time without a connection; `Infinity`: never.
   * Default: the client's `timeout`. It rejects with what delayed it: the gateway's latest refusal, or
   * `timed_out`, which says what is wrong with the connection.
   */
  readonly timeout?: number;
}

/** Which page of a channel's log. At most one of `before` and `after`; without them: the newest messages. */
export interface HistoryOptions<Event extends string = string> {
  /** Maximum number of messages. Default: 100, at most 1,000. */
  readonly limit?: number;
  /** Only messages with a smaller offset, the newest of them. */
  readonly before?: number;
  /** Only messages with a greater offset, the oldest of them. */
  readonly after?: number;
  /** Only messages that match. A page may then have fewer messages than `limit`: see `covers`. */
  readonly filter?: MessageFilter<Event>;
  readonly signal?: AbortSignal;
}

/** A page of a channel's log. */
export interface HistoryPage<T = unknown, M extends Message = Message<T>> {
  readonly epoch: string;
  /** Offset of the newest message of the log; 0 if there never was one. */
  readonly head: number;
  /** Offset of the oldest message that the log still has; `head + 1` if it has none. */
  readonly first: number;
  /** In the order of their offsets. */
  readonly messages: readonly M[];
  /**
   * With a filter, or if messages have expired: the page has all other messages from offset `from` to
   * `to`, perhaps none. Read on with `before: from`, or `after: to`.
   */
  readonly covers?: { readonly from: number; readonly to: number };
  /** The channel keeps no history. */
  readonly noHistory?: true;
}

/** Options of `messages`: where the iteration starts, and what ends it. */
export interface MessagesOptions<Event extends string = string> extends Start {
  /** Only messages that match. */
  readonly filter?: MessageFilter<Event>;
  /** Ends the iteration when it aborts. */
  readonly signal?: AbortSignal;
  /** Called if messages were lost, between the messages before and after them. */
  readonly onGap?: (gap: Gap) => void;
}

/**
 * A named stream of messages, to read. Iterating over it returns the messages from now on. `M`: its
 * messages; `State` and `StateIn`: a member's state as received, and as sent.
 */
export interface ReadableChannel<M extends Message = Message, State = unknown, StateIn = State>
  extends AsyncIterable<M> {
  readonly name: string;
  /** The members of the channel. */
  readonly presence: Presence<State, StateIn>;
  /**
   * Calls a handler for every message: in order, none twice, and none missing without a gap.
   *
   * All subscriptions to one channel share one on the gateway. If another subscription is still
   * catching up, a new one without a starting point receives the messages published after it
   * joined.
   *
   * @example
   * const subscription = client.channel<{ text: string }>('chat:lobby').subscribe(
   *   (message) => show(message.data.text),
   *   { rewind: 50, onGap: (gap) => showGap(gap.lost) },
   * );
   * await subscription.ready;
   */
  subscribe(onMessage: (message: M) => void, options?: SubscribeOptions<EventOf<M>>): Subscription;
  /**
   * Reads a page of the channel's log.
   *
   * @example
   * const page = await channel.history({ limit: 20 });
   * const before = page.covers?.from ?? page.messages[0]?.offset ?? page.head;
   * const older = await channel.history({ limit: 20, before });
   */
  history(options?: HistoryOptions<EventOf<M>>): Promise<HistoryPage<M['data'], M>>;
  /**
   * Returns the messages as an async iterator. `break`, the signal and `client.close()` end it; a
   * refusal throws.
   *
   * A loop that is slower than the channel uses bounded memory: when 1,000 messages wait for it, the
   * iterator leaves the channel, and resumes after the last of them when the loop has processed
   * them. If the log no longer reaches back that far, `onGap` is called.
   *
   * @example
   * for await (const message of client.channel('orders:new').messages({ rewind: 10 })) {
   *   await handle(message.data);
   * }
   */
  messages(options?: MessagesOptions<EventOf<M>>): AsyncGenerator<M, void, void>;
}

/** A named stream of messages, to read and to publish to. */
export interface Channel<T = unknown, State = unknown> extends ReadableChannel<Message<T>, State> {
  /**
   * Publishes a message. If the connection is lost before the reply, the client sends it again with
   * the same key, so it is appended once. Messages are sent in the order of the calls. `data` is
   * copied at once: later changes have no effect.
   *
   * @returns resolves when the gateway has the message; rejects with a `SluiceError`, or with the
   *   reason of `signal`
   *
   * @example
   * const { offset } = await client.channel('chat:lobby').publish({ text: 'Hello' }, { event: 'chat' });
   */
  publish(data: T, options?: PublishOptions): Promise<PublishResult>;
}
