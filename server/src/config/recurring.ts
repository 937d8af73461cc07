/** `schedules`: from the configuration's input to recurring messages. */

import { channelNameFault, checkDraft, type Json, matchPattern } from '@sluice/protocol';
import type { RecurringSchedule, Rule } from '../rule.ts';
import { SCHEDULE_ENTRY_OPTIONS } from './options/schedules.ts';
import { isPlain, type Path, type Problems } from './problems.ts';
import { readComplete } from './read-table.ts';

interface Around {
  readonly rules: readonly Rule[];
  readonly problems: Problems;
}

const NAME = /^[A-Za-z0-9_.-]{1,100}$/;

/** Resolves `schedules`. Adds errors to `problems`, each with the name of its entry. */
export function readSchedules(input: Readonly<Record<string, unknown>>, around: Around): RecurringSchedule[] {
  return Object.entries(input).flatMap(([name, value]) => readSchedule(name, value, around) ?? []);
}

function readSchedule(name: string, value: unknown, { rules, problems }: Around): RecurringSchedule | undefined {
  const path = ['schedules', name];
  if (!NAME.test(name)) problems.add(path, 'is not a name. Write 1 to 100 characters of A-Z a-z 0-9 _ - .');
  if (!isPlain(value)) {
    problems.add(path, 'must be an object. Example: { channel: "news", cron: "0 9 * * *" }');
    return undefined;
  }
  const entry = readComplete(SCHEDULE_ENTRY_OPTIONS, value, { path, problems });
  if (entry === undefined) return undefined;
  const { data = null, event, tags, ttl, ...rest } = entry;
  const content = {
    data: data as Json,
    ...(event === undefined ? {} : { event }),
    ...(tags && { tags }),
    ...(ttl === undefined ? {} : { ttl }),
  };
  const fault = checkDraft(content);
  if (fault !== null) problems.add(path, `${fault.detail}. Correct the message`);
  checkChannel(rest.channel, { path: [...path, 'channel'], rules, problems });
  return { name, ...rest, ...content };
}

function checkChannel(channel: string, { path, rules, problems }: Around & { readonly path: Path }): void {
  const fault = channelNameFault(channel);
  if (fault !== null) problems.add(path, `${fault.replace(/\.$/, '')}. Write the name of a channel, like "news:today"`);
  else if (rules.every(({ pattern }) => matchPattern(pattern, channel) === null)) {
    problems.add(path, `"${channel}" matches no rule. Add a rule for it`);
  }
}
