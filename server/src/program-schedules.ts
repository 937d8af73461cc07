/** Scheduled messages of the program that embeds the gateway. */

import { type Draft, type Json, LIMITS, parseCommand, type ScheduleResult, unknownChannel } from '@sluice/protocol';
import { PROGRAM } from './auth/identity.ts';
import { errorOf } from './program-requests.ts';
import { Refusal } from './refusal.ts';
import type { Schedules } from './schedules/schedules.ts';
import type { WaitingPage } from './schedules/waiting-list.ts';
import type { Services } from './session/services.ts';
import { SluiceError } from './sluice-error.ts';

/** When a message is published, and what else it has. Exactly one of `delay` and `at` must be given. */
export interface ScheduleOptions extends Pick<Draft, 'event' | 'tags' | 'key'> {
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
  const parsed = parseCommand({ ...fields, type: 'schedule', id: 1 });
  if ('fault' in parsed) throw new SluiceError(parsed.fault.error, parsed.fault.detail);
  const request = { channel, draft: { ...options, data }, by: PROGRAM, allowance: null, checked: true };
  return unwrap(await schedules.schedule(request, { delay: options.delay, at: time }));
}

/** @throws SluiceError */
export async function unscheduleMessage(schedules: Schedules, channel: string, id: string): Promise<void> {
  const refusal = await schedules.unschedule(channel, id, PROGRAM);
  if (refusal !== null) throw errorOf(refusal);
}

/** @throws SluiceError */
export async function listMessages(
  { schedules, rules }: Context,
  channel: string,
  { after, limit = LIMITS.historyDefault }: SchedulesOptions,
): Promise<WaitingPage> {
  if (rules.match(channel) === null) throw new SluiceError('channel_unknown', unknownChannel(channel).detail);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.historyPage) {
    throw new SluiceError('command_invalid', `"limit" must be a whole number from 1 to ${LIMITS.historyPage}`);
  }
  return unwrap(await schedules.list(channel, { after, limit }));
}

function unwrap<T extends object>(outcome: T | Refusal): T {
  if (outcome instanceof Refusal) throw errorOf(outcome);
  return outcome;
}
