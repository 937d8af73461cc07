import { LIMITS } from '@sluice/protocol';
import { Refusal } from '../../refusal.ts';
import { RECURRING_FIELDS, readRecurring } from '../../schedules/read-recurring.ts';
import type { Schedules } from '../../schedules/schedules.ts';
import { readFields } from '../fields.ts';
import { asManager, EVERYTHING, type ManageServices } from '../manager.ts';
import { readNumbers } from '../query.ts';
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
  return async (request, { name = '' }) => {
    const fields = await readFields(request, RECURRING_FIELDS);
    const schedule = fields instanceof Refusal ? fields : readRecurring(name, fields);
    if (schedule instanceof Refusal) return asManager(request, services, EVERYTHING, () => schedule);
    const { channel } = schedule;
    const isItsChannel = (recurring.channelOf(name) ?? channel) === channel;
    return asManager(request, services, isItsChannel ? channel : EVERYTHING, () => recurring.put(schedule));
  };
}

/** `DELETE /api/v1/schedules/{name}`: deletes a recurring schedule that was created over the API. */
export function deleteRecurringRoute(services: RecurringServices): Route['handle'] {
  const { recurring } = services.schedules;
  return (request, { name = '' }) =>
    asManager(
      request,
      services,
      recurring.channelOf(name) ?? EVERYTHING,
      async () => (await recurring.delete(name)) ?? {},
    );
}
