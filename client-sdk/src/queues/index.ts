/**
 * Queues and consumer groups: process messages, each by one of several consumers, with
 * acknowledgement and redelivery.
 *
 * @packageDocumentation
 */
export type { ConsumeOptions, Consumer, Delivery, GroupGap, QueueChannel } from './api.ts';
export { consume } from './consume.ts';
export { NackError, type NackOptions } from './nack-error.ts';
