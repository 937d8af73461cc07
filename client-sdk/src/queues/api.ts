import type { Position } from '@sluice/protocol';
import type { Message, ReadableChannel } from '../channel-api.ts';
import type { SluiceError } from '../errors.ts';

/** A channel that can be consumed: any channel of a client. Its messages have the types of its contract. */
export type QueueChannel<M extends Message = Message> = Pick<ReadableChannel<M>, 'name' | 'subscribe'>;

/** A message that this consumer processes. */
export interface Delivery<M extends Message = Message> {
  readonly message: M;
  /** 1 for the first delivery of the message. */
  readonly attempt: number;
  /**
   * The same for all deliveries of the message to this group. Publish with it as `key`, so that the
   * result of a message that is processed twice is appended once.
   */
  readonly key: string;
  /** Aborts when the delivery is lost: the message is delivered to another consumer, so drop the result. */
  readonly signal: AbortSignal;
}

/** Messages that the log lost before the group had settled them. */
export interface GroupGap {
  readonly channel: string;
  readonly group: string;
  readonly from: Position;
  readonly to: Position;
  readonly reason: 'epoch_changed' | 'retention' | 'purged';
}

/** Options of `consume`. */
export interface ConsumeOptions<M extends Message = Message> {
  /** The consumer group. Default: the channel's only group, such as that of a queue. */
  readonly group?: string;
  /** Maximum number of messages at the same time. Default and maximum: the `prefetch` of the channel's rule. */
  readonly prefetch?: number;
  /** Stops consuming when it aborts, like `stop`. */
  readonly signal?: AbortSignal;
  /** Messages were lost. The gateway notifies one consumer of the group. Without it the client emits `gap`. */
  readonly onGap?: (gap: GroupGap) => void;
  /**
   * Called if the handler fails, except with a `NackError`, and if the consumer is refused or ends. Without it,
   * the console shows the former, and the client emits `error` for the latter.
   */
  readonly onError?: (error: SluiceError | Error, delivery?: Delivery<M>) => void;
}

/** The result of `consume`. It survives lost connections. */
export interface Consumer {
  /** Resolves when the gateway has accepted the consumer; rejects if it refuses, or if it ends before. */
  readonly ready: Promise<void>;
  /**
   * Receives no further messages. Resolves when the messages in flight are settled.
   *
   * @example
   * import { consume } from '@sluice/client/queues';
   *
   * const consumer = consume(client.channel('jobs:mail'), ({ message }) => handle(message.data));
   * await consumer.stop();
   */
  stop(): Promise<void>;
}
