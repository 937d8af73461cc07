import { Cron } from 'croner';

/** Five or six fields: with six, the first is the second. The library accepts dates too, which do not recur. */
const FIELDS = /^(@[a-z]+|\S+( \S+){4,5})$/;
/** Characters of an expression. */
const LONGEST = 100;
/** Expressions have no year, so whether one ever fires does not depend on today. */
const REFERENCE = new Date('2024-01-01T00:00:00Z');

/** A cron expression with one space between its fields. */
export const normalizeCron = (cron: string): string => cron.trim().replace(/\s+/g, ' ');

function parse(cron: string, timeZone: string): Cron {
  return new Cron(cron, { timezone: timeZone, mode: '5-or-6-parts', paused: true });
}

/** What is wrong with the name of a time zone, and what to do; `null`: nothing. */
export function timeZoneProblem(timeZone: string): string | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return null;
  } catch {
    return 'is not a time zone. Write a name of the IANA database, like "Europe/Berlin", or UTC';
  }
}

/** The first sentence of the library's error, which quotes at most the expression. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message.replace(/^\w+: /, '') : String(error);
  const [sentence = ''] = text.split(/\.(?:\s|$)/);
  return sentence;
}

/** What is wrong with a cron expression, and what to do; `null`: nothing. */
export function cronProblem(cron: string): string | null {
  const advice = 'Write "minute hour day month weekday", like "0 9 * * MON-FRI", or a second in front of them';
  if (cron.length > LONGEST || !FIELDS.test(normalizeCron(cron))) return `is not a cron expression. ${advice}`;
  try {
    if (parse(normalizeCron(cron), 'UTC').nextRun(REFERENCE) !== null) return null;
    return 'never fires: no date fits it. Correct its day or month';
  } catch (error) {
    return `is not a cron expression: ${reasonOf(error)}. ${advice}`;
  }
}

/**
 * The times of a cron expression in a time zone, in ms since the Unix epoch.
 *
 * A fixed time, such as `30 2 * * *`, fires once on the day on which the clocks change: if it does not
 * exist, at the first moment after the gap; if it exists twice, the first time. An interval, such as
 * `0 * * * *`, skips the gap, and fires in both hours that have the same name.
 */
export class CronTimes {
  readonly #cron: Cron;

  /** The expression and the time zone must be without problems. */
  constructor(cron: string, timeZone: string) {
    this.#cron = parse(cron, timeZone);
  }

  /** The first time after another. */
  next(after: number): number {
    return this.#cron.nextRun(new Date(after))?.getTime() ?? Number.POSITIVE_INFINITY;
  }

  /** The last time that is not after another; `undefined` if there was none. */
  latest(until: number): number | undefined {
    return this.#cron.previousRuns(1, new Date(until + 1))[0]?.getTime();
  }
}
