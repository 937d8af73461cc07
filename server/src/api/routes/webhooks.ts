import { Refusal } from '../../refusal.ts';
import { jsonReply } from '../../transport/http.ts';
import type { Clock } from '../../util/clock.ts';
import { pastFault } from '../../util/moment.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { readFields } from '../fields.ts';
import { asManager, EVERYTHING, type ManageServices } from '../manager.ts';
import { refuseOptions } from '../query.ts';
import type { Route } from '../route.ts';

export interface WebhookServices extends Pick<ManageServices, 'apiKeys' | 'verifier'> {
  readonly clock: Clock;
  /** Absent: none is configured. */
  readonly webhooks: Webhooks | undefined;
}

const API = '/api/v1/webhooks';
export const NO_WEBHOOKS = new Refusal('not_found', 'no webhooks are configured. Add "webhooks" to the configuration');

/** The routes for webhooks: their state, and what operators can do. */
export function webhookRoutes(
  { webhooks, ...services }: WebhookServices,
  takesBody: Route['takesBody'],
): readonly Route[] {
  type Act = (webhooks: Webhooks, name: string, fields: Readonly<Record<string, unknown>>) => object | Promise<object>;
  const post = (action: string, summary: string, names: readonly string[], act: Act): Route => ({
    ...{ method: 'POST', path: `${API}/{webhook}/${action}`, summary },
    ...(takesBody && { takesBody }),
    handle: (request, { webhook = '' }) =>
      asManager(request, services, EVERYTHING, async () => {
        const fields = await readFields(request, names);
        if (fields instanceof Refusal) return fields;
        return webhooks === undefined ? NO_WEBHOOKS : act(webhooks, webhook, fields);
      }),
  });
  return [
    {
      ...{ method: 'GET', path: API, summary: 'The state of all webhooks' },
      handle: (request) =>
        asManager(
          request,
          services,
          EVERYTHING,
          async () => refuseOptions(request.query) ?? { webhooks: (await webhooks?.list()) ?? [] },
        ),
    },
    {
      ...{ method: 'GET', path: `${API}/keys`, summary: 'The public keys of signatures, as a JSON Web Key Set' },
      handle: () => jsonReply(200, webhooks?.publicKeys ?? { keys: [] }),
    },
    post('test', 'Send an event "webhook.test"', [], (all, name) => all.test(name)),
    post('pause', 'Send nothing until it is resumed', [], (all, name) => all.halt(name, 'paused')),
    post('resume', 'Send again', [], (all, name) => all.halt(name, null)),
    post('replay', 'Send again what was stored since a time; 0: all of it', ['from'], (all, name, { from }) => {
      const since = readReplay(from, services.clock.now());
      return since instanceof Refusal ? since : all.replay(name, since);
    }),
  ];
}

/** The time from which on events are sent again: 0, or a moment that has passed. */
export function readReplay(from: unknown, now: number): number | Refusal {
  const fault = from === 0 ? null : pastFault('from', from, now);
  return fault === null ? (from as number) : new Refusal('command_invalid', fault);
}
