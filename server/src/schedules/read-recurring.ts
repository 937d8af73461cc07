import { channelNameFault, checkDraft, type Json, type Tags } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import type { RecurringSchedule } from '../rule.ts';
import { cronProblem, normalizeCron, timeZoneProblem } from '../util/cron-times.ts';

/** The fields of a recurring schedule that a client gives; its name is separate. */
export const RECURRING_FIELDS = ['channel', 'cron', 'timeZone', 'catchUp', 'data', 'event', 'tags', 'ttl'] as const;

type Fields = Readonly<Record<string, unknown>>;

const NAME = /^[A-Za-z0-9_.-]{1,100}$/;
/** Characters of the message as JSON: all schedules are in memory. */
const LONGEST = 16_384;

/** Checks the fields of a recurring schedule, with the rules of the configuration. */
export function readRecurring(name: string, fields: Fields): RecurringSchedule | Refusal {
  const problem = problemOf(name, fields);
  if (problem !== null) return new Refusal('command_invalid', problem);
  const { channel, cron, timeZone = 'UTC', catchUp = 'skip', data = null, event, tags, ttl } = fields;
  const fault = checkDraft({ data, event, tags, ttl });
  if (fault !== null) return new Refusal(fault.error, fault.detail);
  const schedule = {
    ...{ name, channel: channel as string, cron: normalizeCron(cron as string), timeZone: timeZone as string },
    ...{ catchUp: catchUp as RecurringSchedule['catchUp'], data: data as Json },
    ...(event === undefined ? undefined : { event: event as string }),
    ...(tags === undefined ? undefined : { tags: tags as Tags }),
    ...(ttl === undefined ? undefined : { ttl: ttl as number }),
  };
  if (JSON.stringify(schedule).length <= LONGEST) return schedule;
  return new Refusal('payload_too_large', `a recurring schedule has at most ${LONGEST} characters as JSON`);
}

function problemOf(name: string, { channel, cron, timeZone = 'UTC', catchUp = 'skip' }: Fields): string | null {
  if (!NAME.test(name)) return 'the name must have 1 to 100 characters of A-Z a-z 0-9 _ - .';
  if (typeof channel !== 'string') return '"channel" must be the name of a channel';
  if (typeof cron !== 'string') return '"cron" must be a cron expression, like "0 9 * * MON-FRI"';
  if (typeof timeZone !== 'string') return '"timeZone" must be the name of a time zone, like "Europe/Berlin"';
  if (catchUp !== 'skip' && catchUp !== 'once') return '"catchUp" must be "skip" or "once"';
  return channelNameFault(channel) ?? about('cron', cronProblem(cron)) ?? about('timeZone', timeZoneProblem(timeZone));
}

const about = (field: string, problem: string | null): string | null => problem && `"${field}" ${problem}`;
