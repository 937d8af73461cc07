import type { PublishResult, Tags } from '@sluice/protocol';
import type { Channels } from '@sluice/protocol/contracts';
import type { SluiceError } from '../errors.ts';
import type { AnyOutboxChannels, AnyPublish, ContractOutboxChannels, ContractPublish } from './contract-outbox.ts';

/** How an outbox is made. */
export interface OutboxOptions {
  /**
   * Whom the messages belong to: `sub` of the token, or `null` for anonymous connections. They are sent while the client
   * is connected as this user, and sleep otherwise.
   */
  readonly user: string | null;
  /** Keeps several outboxes of one origin apart. Default `default`. */
  readonly name?: string;
  /** Messages that it holds at most, refused ones included. Default 1,000. */
  readonly maxMessages?: number;
  /** Bytes that they take at most, as JSON. Default 5 MiB. */
  readonly maxBytes?: number;
  /**
   * Milliseconds after which a message that was not sent becomes refused with `outbox_expired`, and after which a refused
   * one is forgotten. Default 24 hours.
   */
  readonly maxAge?: number;
  /**
   * Milliseconds for which the gateway remembers a key: `dedupe` of the channels' rules, of which the shortest counts. A
   * message that was sent longer ago without an answer is not sent again by itself. Default 5 minutes, as on the gateway.
   */
  readonly dedupeWindow?: number;
  /** Do the messages behind a refused one go on, or wait until it is tried again or discarded? Default `continue`. */
  readonly onRefused?: 'continue' | 'hold';
}

/**
 * Where a message stands. `queued`: stored, not sent. `sent`: the gateway has not answered yet. `accepted`: the gateway
 * holds it. `refused`: it is kept, with its error, until you retry or discard it. `discarded`: forgotten.
 */
export type OutboxStatus = 'queued' | 'sent' | 'accepted' | 'refused' | 'discarded';

/** A message of the outbox as it was at one moment; it never changes. */
export interface OutboxMessage<T = unknown> {
  /** Its idempotency key, the same for all attempts. */
  readonly key: string;
  readonly channel: string;
  readonly data: T;
  /** What kind of message it is, in the application's words. */
  readonly event?: string | undefined;
  readonly tags?: Tags | undefined;
  /** When it was published here: milliseconds since the Unix epoch, by this machine's clock. */
  readonly time: number;
  readonly status: OutboxStatus;
  /** Is it on disk, so that it survives a reload? */
  readonly stored: boolean;
  /** Its place in the channel, once it is `accepted`. */
  readonly result?: PublishResult | undefined;
  /** Why it is `refused`. */
  readonly error?: SluiceError | undefined;
}

/** A message on its way: what `publish` returns. Its properties follow the message. */
export interface Outgoing<T = unknown> extends OutboxMessage<T> {
  /** Resolves with the message when it is next accepted, refused or discarded; at once where it is so already. It never rejects. */
  readonly settled: Promise<OutboxMessage<T>>;
  /**
   * Listens to its status, and to whether it is stored.
   *
   * @returns removes the handler
   *
   * @example
   * const outgoing = outbox.publish('chat:lobby', { text: 'Hello' });
   * const stop = outgoing.onStatus(({ status, error }) => showTick(status, error?.message));
   */
  onStatus(handler: (message: OutboxMessage<T>) => void): () => void;
}

/** What goes with a message of the outbox. */
export interface OutboxPublishOptions<Event extends string = string> {
  /** What kind of message it is, in the application's words. */
  readonly event?: Event;
  /** Flat labels. */
  readonly tags?: Tags;
}

/** What an outbox announces: event name to value. */
export interface OutboxEvents {
  /** The list has changed: the messages now. Told once for all changes of one turn of the event loop. */
  change: readonly OutboxMessage[];
  /** One message has changed. `accepted` and `discarded` ones have left the list by then. */
  status: OutboxMessage;
  /** The database was lost (`outbox_not_stored`), or the client is connected as another user (`outbox_asleep`). */
  error: SluiceError;
}

/** The messages of one channel that are in the outbox, as far as one reads them. */
export interface ReadableOutboxChannel<T = unknown> {
  readonly name: string;
  /** In the order in which they go out; the same array until one of them changes. */
  readonly messages: readonly OutboxMessage<T>[];
  /**
   * Listens to the channel's messages.
   *
   * @returns removes the handler
   *
   * @example
   * outbox.channel('chat:lobby').on('change', (messages) => showPending(messages));
   */
  on(name: 'change', handler: (messages: readonly OutboxMessage<T>[]) => void): () => void;
}

/** The messages of one channel that are in the outbox, and a way to add to them. */
export interface OutboxChannel<T = unknown> extends ReadableOutboxChannel<T> {
  /**
   * Puts a message to this channel into the outbox.
   *
   * @example
   * outbox.channel<{ text: string }>('chat:lobby').publish({ text: 'Hello' });
   */
  publish(data: T, options?: OutboxPublishOptions): Outgoing<T>;
}

/**
 * Publishes that wait on disk until the gateway has taken them.
 *
 * @example
 * import { createOutbox } from '@sluice/client/outbox';
 *
 * const outbox = createOutbox(client, { user: 'ada' });
 * outbox.on('change', (messages) => showPending(messages));
 * outbox.publish('chat:lobby', { text: 'Hello' });
 */
export interface Outbox<C extends Channels = Channels> {
  /** Is what is published now stored on disk? `false` while the database cannot be opened or written. */
  readonly persistent: boolean;
  /** Resolves when the messages of earlier pages are in the list. */
  readonly ready: Promise<void>;
  /** All that are queued, sent or refused, of all tabs, in the order in which they go out; the same array until one changes. */
  readonly messages: readonly OutboxMessage[];
  /**
   * Puts a message into the outbox. It is stored first, then sent behind those before it on the channel. Where the outbox
   * is full it is `refused` with `outbox_full`, is in no list, and may be published again later. `data` is copied at once.
   *
   * @throws TypeError when `data` cannot be written as JSON; SluiceError `closed` when the outbox was closed
   *
   * @example
   * const outgoing = outbox.publish('chat:lobby', { text: 'Hello' }, { event: 'chat' });
   * const { status, error } = await outgoing.settled;
   */
  readonly publish: string extends keyof C ? AnyPublish : ContractPublish<C>;
  /**
   * The messages of one channel. The same name gives the same object.
   *
   * @example
   * const pending = outbox.channel<{ text: string }>('chat:lobby').messages;
   */
  readonly channel: string extends keyof C ? AnyOutboxChannels : ContractOutboxChannels<C>;
  /**
   * Listens to the outbox.
   *
   * @returns removes the handler
   *
   * @example
   * outbox.on('error', (error) => showWarning(error.message));
   */
  on<Name extends keyof OutboxEvents>(name: Name, handler: (value: OutboxEvents[Name]) => void): () => void;
  /**
   * Sends a refused message again: at its old place, with the same key. One that is not refused stays as it is.
   *
   * @example
   * for (const { key, status } of outbox.messages) if (status === 'refused') outbox.retry(key);
   */
  retry(key: string): void;
  /**
   * Forgets a message, in all tabs. One that was sent may appear nevertheless.
   *
   * @example
   * outbox.discard(outgoing.key);
   */
  discard(key: string): void;
  /**
   * Forgets all messages of this user, in all tabs.
   *
   * @example
   * outbox.clear();
   */
  clear(): void;
  /**
   * Stops sending from this tab. What is stored stays stored, for the next outbox of this name and user.
   *
   * @example
   * outbox.close();
   */
  close(): void;
}
