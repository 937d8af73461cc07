import type { PublishResult, Tags } from '@sluice/protocol';
import type { SluiceError } from '../errors.ts';

/**
 * The status of a message. `queued`: stored, not sent. `sent`: the gateway has not answered yet.
 * `accepted`: the gateway has stored it. `refused`: kept with its error until you retry or discard
 * it. `discarded`: deleted.
 */
export type OutboxStatus = 'queued' | 'sent' | 'accepted' | 'refused' | 'discarded';

/** An immutable snapshot of a message in the outbox. */
export interface OutboxMessage<T = unknown> {
  /** Its idempotency key, the same for all attempts. */
  readonly key: string;
  readonly channel: string;
  readonly data: T;
  /** The event name, defined by the application. */
  readonly event?: string | undefined;
  readonly tags?: Tags | undefined;
  /** The trace that it belongs to: a `traceparent` of W3C Trace Context. */
  readonly trace?: string | undefined;
  /** Milliseconds after which it expires, from its acceptance by the gateway on. */
  readonly ttl?: number | undefined;
  /** When it was published in this client: milliseconds since the Unix epoch, by the local clock. */
  readonly time: number;
  readonly status: OutboxStatus;
  /** Whether it is on disk and survives a reload. */
  readonly stored: boolean;
  /** Its position in the channel, once it is `accepted`. */
  readonly result?: PublishResult | undefined;
  /** Why it was `refused`. */
  readonly error?: SluiceError | undefined;
}

/** A published message: what `publish` returns. Its properties are live; they change with the message. */
export interface Outgoing<T = unknown> extends OutboxMessage<T> {
  /**
   * Resolves with the message when it is next accepted, refused or discarded, or immediately if it
   * already is. Never rejects.
   */
  readonly settled: Promise<OutboxMessage<T>>;
  /**
   * Listens to changes of `status` and `stored`.
   *
   * @returns a function that removes the handler
   *
   * @example
   * const outgoing = outbox.publish('chat:lobby', { text: 'Hello' });
   * const stop = outgoing.onStatus(({ status, error }) => showTick(status, error?.message));
   */
  onStatus(handler: (message: OutboxMessage<T>) => void): () => void;
}

/** Options of a publish through the outbox. */
export interface OutboxPublishOptions<Event extends string = string> {
  /** The event name, defined by the application. */
  readonly event?: Event;
  /** Flat labels for filters. */
  readonly tags?: Tags;
  /** The trace that it belongs to: a `traceparent` of W3C Trace Context. Subscribers find it in `message.trace`. */
  readonly trace?: string;
  /**
   * Milliseconds after which the message expires: from then on the gateway does not deliver it. They
   * count from its acceptance by the gateway; the time in the outbox does not count.
   */
  readonly ttl?: number;
}

/** A read-only view of one channel's messages in the outbox. */
export interface ReadableOutboxChannel<T = unknown> {
  readonly name: string;
  /** In sending order. The array keeps its identity until a message changes. */
  readonly messages: readonly OutboxMessage<T>[];
  /**
   * Listens to changes of the channel's messages.
   *
   * @returns a function that removes the handler
   *
   * @example
   * outbox.channel('chat:lobby').on('change', (messages) => showPending(messages));
   */
  on(name: 'change', handler: (messages: readonly OutboxMessage<T>[]) => void): () => void;
}

/** One channel's messages in the outbox, with `publish`. */
export interface OutboxChannel<T = unknown> extends ReadableOutboxChannel<T> {
  /**
   * Adds a message for this channel to the outbox.
   *
   * @example
   * outbox.channel<{ text: string }>('chat:lobby').publish({ text: 'Hello' });
   */
  publish(data: T, options?: OutboxPublishOptions): Outgoing<T>;
}
