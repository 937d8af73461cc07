import { LIMITS } from '@sluice/protocol';
import { Refusal } from '../../refusal.ts';
import type { RecurringSchedule } from '../../rule.ts';
import { RECURRING_FIELDS, readRecurring } from '../../schedules/read-recurring.ts';
import type { Schedules } from '../../schedules/schedules.ts';
import type { Request } from '../../transport/http.ts';
import { asCaller } from '../backend.ts';
import { readFields } from '../fields.ts';
import { asManager, EVERYTHING, type ManageServices, refuseManaging } from '../manager.ts';
import { readNumbers, refuseOptions } from '../query.ts';
import type { Route } from '../route.ts';

export interface RecurringServices extends Pick<ManageServices, 'apiKeys' | 'verifier'> {
  readonly schedules: Schedules;
}

const PAGE = { limit: { min: 1, max: LIMITS.historyPage } };

/** `GET /api/v1/schedules?after&limit`: a page of the recurring schedules, in the order of their names. */
export function listRecurringRoute(services: RecurringServices): Route['handle'] {
  return (request) =>
    asManager(request, services, EVERYTHING, () => {
      const query = readNumbers(request.query, PAGE, ['after']);
      if (query instanceof Refusal) return query;
      const { limit = LIMITS.historyDefault } = query;
      return services.schedules.recurring.list({ after: request.query.get('after') ?? undefined, limit });
    });
}

/**
 * `PUT /api/v1/schedules/{name}`: creates a recurring schedule, or replaces the one of this name. One
 * that publishes on another channel is replaced only by a caller who may manage all channels.
 */
export function putRecurringRoute(services: RecurringServices): Route['handle'] {
  const { recurring } = services.schedules;
  return (request, { name = '' }) =>
    asCaller(request, services, async (by) => {
      const schedule = await readSchedule(request, name);
      if (schedule instanceof Refusal) return schedule;
      const refuse = (pattern: string): Refusal | null => refuseManaging(by, pattern);
      return refuse(schedule.channel) ?? recurring.put(schedule, refuse);
    });
}

async function readSchedule(request: Request, name: string): Promise<RecurringSchedule | Refusal> {
  const fields = await readFields(request, RECURRING_FIELDS);
  return fields instanceof Refusal ? fields : readRecurring(name, fields);
}

/** `DELETE /api/v1/schedules/{name}`: deletes a recurring schedule that was created over the API. */
export function deleteRecurringRoute(services: RecurringServices): Route['handle'] {
  const { recurring } = services.schedules;
  return (request, { name = '' }) =>
    asCaller(
      request,
      services,
      async (by) =>
        refuseOptions(request.query) ?? (await recurring.delete(name, (pattern) => refuseManaging(by, pattern))) ?? {},
    );
}
