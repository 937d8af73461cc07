import type { Channels } from '@sluice/protocol/contracts';
import type { SluiceError } from '../errors.ts';
import type { AnyOutboxChannels, AnyPublish, ContractOutboxChannels, ContractPublish } from './contract-outbox.ts';
import type { OutboxMessage } from './message-api.ts';

/** Options of `createOutbox`. */
export interface OutboxOptions {
  /**
   * The user to whom the messages belong: the token's `sub`, or `null` for anonymous connections.
   * The outbox sends only while the client is connected as this user.
   */
  readonly user: string | null;
  /** Distinguishes several outboxes of one origin. Default `default`. */
  readonly name?: string;
  /** Maximum number of messages, including refused ones. Default 1,000. */
  readonly maxMessages?: number;
  /** Maximum size of all messages as JSON, in bytes. Default 5 MiB. */
  readonly maxBytes?: number;
  /**
   * Milliseconds after which an unsent message is refused with `outbox_expired`, and after which a
   * refused message is deleted. Default 24 hours.
   */
  readonly maxAge?: number;
  /**
   * Milliseconds for which the gateway remembers an idempotency key: the shortest `dedupe` of the
   * channels' rules. A message that was sent longer ago without an answer is not retried
   * automatically. Default 5 minutes, like the gateway's.
   */
  readonly dedupeWindow?: number;
  /**
   * After a refusal, `continue` sends the channel's next messages. `hold` waits until you retry or
   * discard the refused one. Default `continue`.
   */
  readonly onRefused?: 'continue' | 'hold';
}

/** Events of an outbox: event name to value. */
export interface OutboxEvents {
  /** The list changed. Emitted once per turn of the event loop, with the current messages. */
  change: readonly OutboxMessage[];
  /** One message changed. `accepted` and `discarded` messages have already left the list. */
  status: OutboxMessage;
  /** The database was lost (`outbox_not_stored`), or the client is connected as another user (`outbox_asleep`). */
  error: SluiceError;
}

/**
 * A queue of publishes that stores messages on disk until the gateway has accepted them.
 *
 * @example
 * import { createOutbox } from '@sluice/client/outbox';
 *
 * const outbox = createOutbox(client, { user: 'ada' });
 * outbox.on('change', (messages) => showPending(messages));
 * outbox.publish('chat:lobby', { text: 'Hello' });
 */
export interface Outbox<C extends Channels = Channels> {
  /** Whether new messages are stored on disk. `false` while the database cannot be opened or written. */
  readonly persistent: boolean;
  /** Resolves when the messages that earlier pages stored are in the list. */
  readonly ready: Promise<void>;
  /**
   * All queued, sent and refused messages of all tabs, in sending order. The array keeps its
   * identity until one changes.
   */
  readonly messages: readonly OutboxMessage[];
  /**
   * Adds a message to the outbox. The outbox stores it, then sends it after the channel's earlier
   * messages. If the outbox is full, the message is `refused` with `outbox_full`, joins no list,
   * and can be published again later. `data` is copied synchronously.
   *
   * @throws TypeError if `data` cannot be written as JSON; SluiceError `closed` if the outbox is
   * closed
   *
   * @example
   * const outgoing = outbox.publish('chat:lobby', { text: 'Hello' }, { event: 'chat' });
   * const { status, error } = await outgoing.settled;
   */
  readonly publish: string extends keyof C ? AnyPublish : ContractPublish<C>;
  /**
   * The messages of one channel. The same name returns the same object.
   *
   * @example
   * const pending = outbox.channel<{ text: string }>('chat:lobby').messages;
   */
  readonly channel: string extends keyof C ? AnyOutboxChannels : ContractOutboxChannels<C>;
  /**
   * Listens to an event of the outbox.
   *
   * @returns a function that removes the handler
   *
   * @example
   * outbox.on('error', (error) => showWarning(error.message));
   */
  on<Name extends keyof OutboxEvents>(name: Name, handler: (value: OutboxEvents[Name]) => void): () => void;
  /**
   * Sends a refused message again, at its original place and with the same key. Does nothing for
   * other messages.
   *
   * @example
   * for (const { key, status } of outbox.messages) if (status === 'refused') outbox.retry(key);
   */
  retry(key: string): void;
  /**
   * Deletes a message in all tabs. If it was already sent, it can still appear in the channel.
   *
   * @example
   * outbox.discard(outgoing.key);
   */
  discard(key: string): void;
  /**
   * Deletes all messages of this user, in all tabs.
   *
   * @example
   * outbox.clear();
   */
  clear(): void;
  /**
   * Stops sending from this tab. Stored messages stay on disk for the next outbox with this name
   * and user.
   *
   * @example
   * outbox.close();
   */
  close(): void;
}
