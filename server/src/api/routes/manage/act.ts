import type { Identity } from '../../../auth/identity.ts';
import type { EventBus } from '../../../events.ts';
import type { Closing, Subscribing, Target } from '../../../manage/local-actions.ts';
import { readSubscribing } from '../../../manage/read-subscribing.ts';
import type { ActionReport } from '../../../manage/types.ts';
import { Refusal } from '../../../refusal.ts';
import type { Request } from '../../../transport/http.ts';
import { readFields, readText, readTexts } from '../../fields.ts';
import { asManager, EVERYTHING, type ManageServices } from '../../manager.ts';
import { refuseOptions } from '../../query.ts';
import type { Route } from '../../route.ts';
import { defined, LONGEST_REASON, MOST_EXCEPTIONS, readTarget } from './read-target.ts';

export interface ActionServices extends ManageServices {
  readonly events: EventBus;
}

const TARGET = ['pattern', 'except', 'reason'];

type Wish = Target & Closing;

/** `POST /api/v1/users/{user}/disconnect { pattern?, except?, reason?, reconnect? }`. */
export function disconnectRoute(services: ActionServices): Route['handle'] {
  return onUser(services, 'disconnect', [...TARGET, 'reconnect'], (wish) => services.manage.disconnect(wish));
}

/** `POST /api/v1/users/{user}/subscribe { channel, rewind?, since?, position?, except? }`. */
export function subscribeRoute(services: ActionServices): Route['handle'] {
  return async (request, { user = '' }) => {
    let fields: Readonly<Record<string, unknown>> | Refusal = {};
    const channelOf = async (): Promise<unknown> => {
      fields = await readFields(request, ['channel', 'rewind', 'since', 'position', 'except']);
      return fields instanceof Refusal ? fields : fields.channel;
    };
    return asManager(request, services, channelOf, async (by) => {
      if (fields instanceof Refusal) return fields;
      const wish = readSubscribing(fields as { readonly channel: unknown });
      const except = readTexts(fields, 'except', MOST_EXCEPTIONS);
      for (const value of [wish, except]) if (value instanceof Refusal) return value;
      const subscribing = defined({ ...wish, user, except }) as unknown as Subscribing;
      const report = await services.manage.subscribe(subscribing);
      if (!(report instanceof Refusal)) audit(services, { action: 'subscribe', target: user, by, report });
      return report;
    });
  };
}

/** `POST /api/v1/users/{user}/unsubscribe { pattern?, except?, reason? }`. */
export function unsubscribeRoute(services: ActionServices): Route['handle'] {
  return onUser(services, 'unsubscribe', TARGET, (wish) => services.manage.unsubscribe(wish));
}

/** `POST /api/v1/users/{user}/recheck { pattern?, except?, reason? }`. */
export function recheckRoute(services: ActionServices): Route['handle'] {
  return onUser(services, 'recheck', TARGET, (wish) => services.manage.recheck(wish));
}

/** `DELETE /api/v1/connections/{connection}?reason&reconnect`. */
export function closeRoute(services: ActionServices): Route['handle'] {
  return (request, { connection = '' }) =>
    asManager(request, services, EVERYTHING, async (by) => {
      const closing = readClosing(request.query);
      if (closing instanceof Refusal) return closing;
      const report = await services.manage.close(connection, closing);
      audit(services, { action: 'close', target: connection, by, report, reason: closing.reason });
      if (report.connections > 0) return report;
      const elsewhere = report.missing === undefined ? '' : `. It may be on a node that did not answer`;
      return new Refusal('not_found', `no connection is called "${connection.slice(0, 40)}"${elsewhere}`);
    });
}

/** An action on a user's connections needs `manage` on the pattern that limits it, or on everything. */
function onUser(
  services: ActionServices,
  action: string,
  names: readonly string[],
  act: (wish: Wish) => Promise<ActionReport>,
): Route['handle'] {
  return async (request, { user = '' }) => {
    let wish: Wish | Refusal | undefined;
    const patternOf = async (): Promise<unknown> => {
      wish = await readWish(request, user, names);
      return wish instanceof Refusal ? wish : (wish.pattern ?? EVERYTHING);
    };
    return asManager(request, services, patternOf, async (by) => {
      if (wish === undefined || wish instanceof Refusal) return wish ?? new Refusal('internal');
      const report = await act(wish);
      audit(services, { action, target: user, by, report, reason: wish.reason });
      return report;
    });
  };
}

async function readWish(request: Request, user: string, names: readonly string[]): Promise<Wish | Refusal> {
  const fields = await readFields(request, names);
  if (fields instanceof Refusal) return fields;
  return readTarget(fields, user);
}

function readClosing(query: URLSearchParams): Closing | Refusal {
  const strange = refuseOptions(query, ['reason', 'reconnect']);
  if (strange !== null) return strange;
  const reconnect = query.get('reconnect') ?? 'false';
  if (reconnect !== 'true' && reconnect !== 'false') {
    return new Refusal('command_invalid', '"reconnect" must be true or false');
  }
  const reason = readText(Object.fromEntries(query), 'reason', LONGEST_REASON);
  if (reason instanceof Refusal) return reason;
  return { reconnect: reconnect === 'true', ...(reason === undefined ? {} : { reason }) };
}

interface Audited {
  readonly action: string;
  readonly target: string;
  readonly by: Identity;
  readonly report: ActionReport;
  readonly reason?: string | undefined;
}

/** Reports an action to observers. */
export function audit({ events }: ActionServices, { action, target, by, report, reason }: Audited): void {
  const { connections } = report;
  events.emit('managed', { action, by: by.name ?? by.user ?? '', target, connections, reason });
}
