import { type Json, LIMITS, type Tags } from '@sluice/protocol';
import { z } from 'zod';
import { cronProblem, normalizeCron, timeZoneProblem } from '../../util/cron-times.ts';
import { duration, oneOf, text } from '../values.ts';
import { option } from './option.ts';

/** A text that a function checks. */
const checkedText = (what: string, problemOf: (value: string) => string | null) =>
  z.string({ error: `must be ${what}` }).check((context) => {
    const message = problemOf(context.value);
    if (message !== null) context.issues.push({ code: 'custom', message, input: context.value });
  });

const cron = checkedText('a cron expression. Example: "0 9 * * MON-FRI"', cronProblem).transform(normalizeCron);

/** An entry of `schedules`, as the operator writes it. */
export interface ScheduleInput {
  channel: string;
  cron: string;
  timeZone?: string;
  catchUp?: 'skip' | 'once';
  event?: string;
  data?: Json;
  tags?: Tags;
  ttl?: string | number;
}

/** Messages that are published again and again. */
export const SCHEDULES_OPTIONS = {
  schedules: option({
    schema: z.record(z.string(), z.custom<ScheduleInput>(), {
      error:
        'must be an object. Write names and their schedules, like { digest: { channel: news, cron: "0 9 * * *" } }',
    }),
    type: 'schedules by name',
    defaultText: 'off',
    description:
      'Recurring messages, and permission to create more of them over the HTTP API: `{}` allows only that. See docs/scheduling.md.',
  }),
};

/** The options of one entry of `schedules`. */
export const SCHEDULE_ENTRY_OPTIONS = {
  channel: option({
    schema: text('the name of a channel'),
    required: true,
    type: 'text',
    defaultText: 'required',
    description: 'Where the message is published.',
  }),
  cron: option({
    schema: cron,
    required: true,
    type: 'cron expression',
    defaultText: 'required',
    description:
      'When: minute, hour, day of the month, month, weekday; with six fields, the first is the second. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are abbreviations. `L` is the last day of the month.',
  }),
  timeZone: option({
    schema: checkedText('the name of a time zone. Example: "Europe/Berlin"', timeZoneProblem),
    default: 'UTC',
    type: 'text',
    defaultText: '`UTC`',
    description: 'The time zone of `cron`, as in the IANA database.',
  }),
  catchUp: option({
    schema: oneOf(['skip', 'once']),
    default: 'skip',
    type: 'skip, once',
    defaultText: '`skip`',
    description:
      'What happens if no node was there at the time, nor within a minute after it: nothing is published, or one message for all missed times.',
  }),
  event: option({
    schema: text('the name of an event'),
    type: 'text',
    defaultText: 'none',
    description: 'The event of the message.',
  }),
  data: option({ schema: z.unknown(), type: 'any', defaultText: '`null`', description: 'The data of the message.' }),
  tags: option({
    schema: z.record(z.string(), z.string(), { error: 'must be an object of texts. Example: { kind: digest }' }),
    type: 'texts by name',
    defaultText: 'none',
    description: 'The tags of the message.',
  }),
  ttl: option({
    schema: duration({ min: 1, max: LIMITS.ttl }),
    type: 'duration',
    defaultText: 'as the rule of the channel says',
    description: 'How long after its publish each message expires. See docs/expiry.md.',
  }),
};
