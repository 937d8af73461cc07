import type { ResourceKind } from '../channel-host.ts';
import { checkRequired, checkValues, FUNCTION, type ValueCheck } from '../check-values.ts';
import { ALREADY_SUBSCRIBED } from '../codes.ts';
import { hostOf } from '../entry-host.ts';
import { startWork } from '../work-resource.ts';
import type { IncomingRequest, Replies, RequestChannel, RequestTypes, Responder, RespondOptions } from './api.ts';
import type { Handler } from './incoming.ts';
import { ResponderResource } from './responder.ts';

const CONCURRENCY: ValueCheck = [
  'a whole number from 1 to 1000',
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1000,
];

/**
 * Responds to the requests of a channel. The gateway distributes requests over all responders. What
 * the handler returns is the reply; an async generator sends several. A client has at most one
 * responder per channel.
 *
 * @throws SluiceError `already_subscribed` if this client responds on the channel already
 *
 * @example
 * import { respond } from '@sluice/client/requests';
 *
 * const responder = respond(client.channel('math:add'), ({ data }) => {
 *   const { a, b } = data as { a: number; b: number };
 *   return a + b;
 * });
 * await responder.ready;
 */
export function respond<Types extends RequestTypes = RequestTypes>(
  channel: RequestChannel<Types>,
  handler: (request: IncomingRequest<Types['requestOut']>) => Replies<Types['replyIn']>,
  { concurrency, signal, onError, ...unknown }: RespondOptions = {},
): Responder {
  checkRequired('handler', handler, FUNCTION);
  checkValues({ concurrency, onError, ...unknown }, { concurrency: CONCURRENCY, onError: FUNCTION });
  const host = hostOf(channel);
  const resource = host.resource(ResponderResource as ResourceKind<ResponderResource>, channel);
  if (resource.isTaken) {
    throw host.refusal(ALREADY_SUBSCRIBED, 'already_subscribed', `${channel.name}: this client responds already.`);
  }
  return startWork(host, resource, { handler: handler as Handler, concurrency, onError, signal });
}
