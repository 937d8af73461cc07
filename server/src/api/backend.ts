import { channelNameFault } from '@sluice/protocol';
import type { Identity, Verb } from '../auth/identity.ts';
import type { ApiKeys } from '../auth/secrets.ts';
import { type Authority, authorize } from '../channels/authorize.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { RuleMatch } from '../channels/rules.ts';
import { Refusal } from '../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../transport/http.ts';
import { authenticate, needsKey, type TokenVerifier } from './credentials.ts';
import { errorReply } from './errors.ts';

/** What the routes for backends need. */
export interface BackendServices extends Authority {
  readonly apiKeys: ApiKeys;
  readonly verifier: TokenVerifier;
}

/** What a route answers: a value to be sent as JSON, or why not. */
export type Answer = object | Refusal;

/**
 * Runs `act` for a backend, i.e. an API key, and reports an unavailable engine. Users' tokens are
 * refused: the limits of users are those of their connections.
 */
export function asBackend(
  request: Request,
  services: BackendServices,
  act: (by: Identity) => Answer | Promise<Answer>,
): Promise<HttpReply> {
  return asCaller(request, services, (by) => (by.name === undefined ? NO_USERS : act(by)));
}

const NO_USERS = needsKey('this needs an API key; users read over their connection');

/** Runs `act` for an API key or a user's token, and reports an unavailable engine. */
export async function asCaller(
  request: Request,
  services: Pick<BackendServices, 'apiKeys' | 'verifier'>,
  act: (by: Identity) => Answer | Promise<Answer>,
): Promise<HttpReply> {
  const by = await authenticate(request, services);
  if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
  try {
    const answer = await act(by);
    return answer instanceof Refusal ? errorReply(answer) : jsonReply(200, answer);
  } catch (error) {
    return errorReply(refuseUnavailable(error));
  }
}

/** Like `asBackend`, for a backend that may use the verb on the channel. */
export function onChannel(
  request: Request,
  services: BackendServices,
  { verb, channel }: { readonly verb: Verb; readonly channel: string },
  act: (match: RuleMatch, by: Identity) => Answer | Promise<Answer>,
): Promise<HttpReply> {
  return asBackend(request, services, async (by) => {
    const decision = await permit(services, by, { verb, channel });
    return decision instanceof Refusal ? decision : act(decision, by);
  });
}

/** May this backend use the verb on the channel? */
export function permit(
  services: BackendServices,
  by: Identity,
  { verb, channel }: { readonly verb: Verb; readonly channel: string },
): RuleMatch | Refusal | Promise<RuleMatch | Refusal> {
  const fault = channelNameFault(channel);
  if (fault !== null) return new Refusal('channel_invalid', fault);
  return authorize(services, by, verb, channel);
}
