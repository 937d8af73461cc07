import type { Json, Tags } from '@sluice/protocol';
import { checkLimit, checkText, orThrow, perform } from './program-checks.ts';
import { RECURRING_FIELDS, readRecurring } from './schedules/read-recurring.ts';
import type { ListedSchedule, SchedulePage } from './schedules/recurring.ts';
import type { Schedules } from './schedules/schedules.ts';
import { SluiceError } from './sluice-error.ts';

/** A message that is published again and again. */
export interface RecurringOptions {
  readonly channel: string;
  /** A cron expression, like `0 9 * * MON-FRI`. */
  readonly cron: string;
  /** Like `Europe/Berlin`. Default: `UTC`. */
  readonly timeZone?: string;
  /** Whether times that have passed while no gateway ran are made up for, once. Default: `skip`. */
  readonly catchUp?: 'skip' | 'once';
  /** Default: `null`. */
  readonly data?: Json;
  readonly event?: string;
  readonly tags?: Tags;
  /** Milliseconds after which each message expires. */
  readonly ttl?: number;
}

/**
 * Recurring schedules: the operations of the HTTP API for the embedding program. Methods reject with a
 * `SluiceError` of the catalogue.
 *
 * @example
 * ```ts
 * await gateway.manage.schedules.put('stand-up', { channel: 'user:ada', cron: '0 9 * * MON-FRI', data: 'Stand-up' });
 * ```
 */
export class ProgramRecurring {
  readonly #schedules: Schedules;

  constructor(schedules: Schedules) {
    this.#schedules = schedules;
  }

  /** A page of the recurring schedules, by name: those of the configuration, and those that were created. */
  list({ after, limit = 100 }: { readonly after?: string; readonly limit?: number } = {}): Promise<SchedulePage> {
    return perform(() => {
      if (after !== undefined) checkText('after', after);
      checkLimit(limit);
      return this.#schedules.recurring.list({ after, limit });
    });
  }

  /** Creates a recurring schedule, or replaces the one of this name. Those of the configuration stay. */
  put(name: string, schedule: RecurringOptions): Promise<ListedSchedule> {
    return perform(() => {
      checkText('name', name);
      checkFields(schedule);
      return this.#schedules.recurring.put(orThrow(readRecurring(name, { ...schedule })), () => null);
    });
  }

  /** Deletes a recurring schedule that was created like this, or over the HTTP API. */
  async delete(name: string): Promise<void> {
    await perform(() => {
      checkText('name', name);
      return this.#schedules.recurring.delete(name, () => null);
    });
  }
}

/** An unknown field would be ignored silently otherwise. */
function checkFields(schedule: object): void {
  const strange = Object.keys(schedule).find((name) => !(RECURRING_FIELDS as readonly string[]).includes(name));
  if (strange === undefined) return;
  const known = `its fields are ${RECURRING_FIELDS.join(', ')}`;
  throw new SluiceError('command_invalid', `a schedule has no field ${JSON.stringify(strange.slice(0, 40))}; ${known}`);
}
