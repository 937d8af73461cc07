/** The entries of the log of schedules: what is scheduled, and what has been published or withdrawn. */

import type { Draft, Json } from '@sluice/protocol';
import type { RecurringSchedule } from '../rule.ts';

/** The log of schedules, on every engine. Its name is not valid for a channel. */
export const SCHEDULES = '#schedules';

/** What is published: a draft without the fields that concern the publish itself. */
export type Content = Omit<Draft, 'key' | 'if'>;

/** Of an entry that was written again before retention could remove it. */
interface Rewritten {
  /** The id of the first. */
  readonly original?: string;
}

/** A message that waits for its time. */
export interface ScheduledMessage extends Content, Rewritten {
  readonly kind: 'scheduled';
  /** When it is due: ms since the Unix epoch. */
  readonly at: number;
  readonly channel: string;
  /** Who scheduled it; absent: a backend or an anonymous connection. */
  readonly user?: string;
  /** The run of the gateway that accepted it, which publishes it first of all. */
  readonly run: string;
}

/** A message was published or withdrawn, or a recurring schedule was deleted. */
export interface SettledMessage extends Rewritten {
  readonly kind: 'settled';
  /** The id of its entry. */
  readonly scheduled: string;
  /** It was withdrawn before it was published. */
  readonly withdrawn?: true;
}

/** A recurring schedule that was created over the API. It replaces an earlier one of its name. */
export interface RecurringRecord extends RecurringSchedule, Rewritten {
  readonly kind: 'recurring';
  /** Its first time is after this: ms since the Unix epoch. */
  readonly since: number;
  readonly run: string;
}

/** A recurring schedule has published, or skipped, everything up to a time. */
export interface TickedRecord extends Rewritten {
  readonly kind: 'ticked';
  /** The schedule's name and times: with other times it begins anew. */
  readonly plan: string;
  readonly at: number;
  /** The run of the gateway that was first, which is first the next time. */
  readonly run: string;
}

export type ScheduleRecord = ScheduledMessage | SettledMessage | RecurringRecord | TickedRecord;

export const asJson = (record: ScheduleRecord): Json => record as unknown as Json;
export const asRecord = (data: Json): ScheduleRecord => data as unknown as ScheduleRecord;

/** What a recurring schedule publishes. */
export function contentOfRecurring({ data, event, tags, ttl }: RecurringSchedule): Content {
  return {
    data,
    ...(event === undefined ? undefined : { event }),
    ...(tags && { tags }),
    ...(ttl === undefined ? undefined : { ttl }),
  };
}

/** What a scheduled message publishes. */
export function contentOf({ kind: _, at, channel, user, run, original, ...content }: ScheduledMessage): Content {
  return content;
}
