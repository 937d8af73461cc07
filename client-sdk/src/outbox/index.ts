/**
 * Publishes that survive a reload: stored first, sent in order, once.
 *
 * @packageDocumentation
 */
export type { Outbox, OutboxEvents, OutboxOptions } from './api.ts';
export type { ContractOutboxChannel } from './contract-outbox.ts';
export type {
  OutboxChannel,
  OutboxMessage,
  OutboxPublishOptions,
  OutboxStatus,
  Outgoing,
  ReadableOutboxChannel,
} from './message-api.ts';
export { createOutbox } from './outbox.ts';
