import { createHash } from 'node:crypto';
import { type Draft, type Json, LIMITS, type Message, type PublishResult } from '@sluice/protocol';
import type { GroupGap } from '../engine/groups.ts';

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
 * rejects, with the message of the error for the dead letter; a `NackError` chooses otherwise.
 */
export type ConsumeFunction = (delivery: ProgramDelivery) => void | Promise<void>;

/** Options of `Gateway.consume`. */
export interface ProgramConsumeOptions {
  /** The consumer group. Default: the channel's only group, such as that of a queue. */
  readonly group?: string;
  /** Maximum number of messages at the same time, 1 to 1,000. Default: the `prefetch` of the channel's rule. */
  readonly prefetch?: number;
  /**
   * The log lost messages before the group had settled them: those after `from` up to `to`. One
   * consumer of the group is notified. Without it, only the log and a metric tell.
   */
  readonly onGap?: (gap: GroupGap) => void;
}

/** Options of a `NackError`. */
export interface NackOptions {
  /** Milliseconds until the message is delivered again, at most a day. Default: the backoff of the group. */
  readonly delay?: number;
  /** Can the message never succeed? It becomes a dead letter at once. Default: `false`. */
  readonly dead?: boolean;
}

/**
 * Throw it in a `ConsumeFunction` to choose when the message is delivered again, or that it is not.
 * `message` is stored with a dead letter. The same as in `@sluice/client/queues`.
 *
 * @example
 * ```ts
 * import { NackError } from '@sluice/server';
 *
 * gateway.consume('jobs:mail', async ({ message }) => {
 *   const { to } = message.data as { to: string };
 *   if (!to.includes('@')) throw new NackError('no address', { dead: true });
 *   await sendMail(to);
 * });
 * ```
 */
export class NackError extends Error {
  override readonly name = 'NackError';
  readonly delay: number | undefined;
  readonly dead: boolean;

  /** @throws RangeError if `delay` is no number from 0 to 86,400,000 */
  constructor(message: string, { delay, dead = false }: NackOptions = {}) {
    super(message);
    const isDelay = delay === undefined || (Number.isFinite(delay) && delay >= 0 && delay <= LIMITS.nackDelay);
    // Without the check, `NaN` would be a time that never comes.
    if (!isDelay) throw new RangeError(`NackError: "delay" must be milliseconds from 0 to ${LIMITS.nackDelay}`);
    this.delay = delay;
    this.dead = dead;
  }
}

/** The key of the n-th publish of a handler: the same in each delivery of the message. */
export function resultKey({ channel, group, epoch, message }: ProgramDelivery, count: number): string {
  const text = [channel, group, epoch, message.offset].join(' ');
  return `${createHash('sha256').update(text).digest('base64url')} ${count}`;
}
