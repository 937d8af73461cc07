import { createHash } from 'node:crypto';
import type { Draft, Json, Message, PublishResult } from '@sluice/protocol';

/** A message for a function of the program. */
export interface ProgramDelivery {
  readonly channel: string;
  readonly group: string;
  /** Of the log: with the offset of the message, it is the same in each delivery. */
  readonly epoch: string;
  /** 1 for the first delivery of the message. */
  readonly attempt: number;
  readonly message: Message;
  /** Aborted when the delivery is lost: the message goes to another consumer, or the gateway stops. */
  readonly signal: AbortSignal;
  /**
   * Publishes a result in the name of the program, once: if the message is delivered again, the same
   * publishes of the handler append nothing, as long as the rule of their channel remembers keys.
   */
  publish(channel: string, data: Json, options?: Omit<Draft, 'data'>): Promise<PublishResult>;
}

/**
 * Processes a message. It is acknowledged when the promise resolves, and delivered again when it
 * rejects, with the message of the error for the dead letter. Throw a `RejectedMessage` if the message
 * can never succeed.
 */
export type ConsumeFunction = (delivery: ProgramDelivery) => void | Promise<void>;

/** Thrown by a `ConsumeFunction`: the message becomes a dead letter at once. */
export class RejectedMessage extends Error {
  override readonly name = 'RejectedMessage';
}

/** The key of the n-th publish of a handler: the same in each delivery of the message. */
export function resultKey({ channel, group, epoch, message }: ProgramDelivery, count: number): string {
  const text = [channel, group, epoch, message.offset].join(' ');
  return `${createHash('sha256').update(text).digest('base64url')} ${count}`;
}
