/**
 * Scheduled messages: published later, whether the page is open then or not.
 *
 * @packageDocumentation
 */
export type { ContractTypes, DataIn } from '@sluice/protocol/contracts';
export type {
  DueTime,
  MessageOptions,
  ScheduleChannel,
  ScheduledEvent,
  ScheduledMessage,
  ScheduleOptions,
} from './api.ts';
export { schedule } from './schedule.ts';
export { unschedule } from './unschedule.ts';
