/**
 * Publishes that survive a reload: stored first, sent in order, once.
 *
 * @packageDocumentation
 */
export type {
  Outbox,
  OutboxChannel,
  OutboxEvents,
  OutboxMessage,
  OutboxOptions,
  OutboxPublishOptions,
  OutboxStatus,
  Outgoing,
  ReadableOutboxChannel,
} from './api.ts';
export type { ContractOutboxChannel } from './contract-outbox.ts';
export { createOutbox } from './outbox.ts';
