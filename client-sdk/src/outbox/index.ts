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
} from './api.ts';
export { createOutbox } from './outbox.ts';
