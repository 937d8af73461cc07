/** Scheduled messages of the program that embeds the gateway. */

import { type Draft, type Json, LIMITS, type ScheduleResult } from '@sluice/protocol';
import { PROGRAM } from './auth/identity.ts';
import { checkCommand, checkLimit, checkText, matchOf, orThrow } from './program-checks.ts';
import type { Schedules } from './schedules/schedules.ts';
import type { WaitingPage } from './schedules/waiting-list.ts';
import type { Services } from './session/services.ts';

/** When a message is published, and what else it has. Exactly one of `delay` and `at` must be given. */
export interface ScheduleOptions extends Pick<Draft, 'event' | 'tags' | 'key' | 'ttl' | 'trace'> {
  /** Milliseconds from now. */
  readonly delay?: number;
  /** A date, or milliseconds since the Unix epoch. */
  readonly at?: number | Date;
}

/** Which of the waiting messages of a channel a page contains. */
export interface SchedulesOptions {
  /** `next` of the page before. */
  readonly after?: string;
  /** Number of messages, 1 to 1,000. Default: 100. */
  readonly limit?: number;
}

type Context = Pick<Services, 'schedules' | 'rules'>;

/** @throws SluiceError */
export async function scheduleMessage(
  { schedules }: Context,
  { channel, data, at, ...options }: ScheduleOptions & { readonly channel: string; readonly data: Json },
): Promise<ScheduleResult> {
  const time = at instanceof Date ? at.getTime() : at;
  const fields = { ...options, ...(time === undefined ? undefined : { at: time }), channel, data };
  checkCommand('schedule', fields);
  const request = { channel, draft: { ...options, data }, by: PROGRAM, allowance: null, checked: true };
  return orThrow(await schedules.schedule(request, { delay: options.delay, at: time }));
}

/** @throws SluiceError */
export async function unscheduleMessage(schedules: Schedules, channel: string, id: string): Promise<void> {
  checkCommand('unschedule', { channel, message: id });
  orThrow(await schedules.unschedule(channel, id, PROGRAM));
}

/** @throws SluiceError */
export async function listMessages(
  { schedules, rules }: Context,
  channel: string,
  { after, limit = LIMITS.historyDefault }: SchedulesOptions,
): Promise<WaitingPage> {
  matchOf(rules, channel);
  checkLimit(limit);
  if (after !== undefined) checkText('after', after);
  return orThrow(await schedules.list(channel, { after, limit }));
}
