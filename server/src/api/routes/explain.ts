import { channelNameFault, ERRORS } from '@sluice/protocol';
import { explain, explainToken } from '../../auth/explain.ts';
import { ANONYMOUS, type Identity, parseCapabilities, VERBS, type Verb } from '../../auth/identity.ts';
import { type AccessExplanation, explainAccess } from '../../channels/explain-access.ts';
import { Refusal } from '../../refusal.ts';
import { asBackend, type BackendServices } from '../backend.ts';
import { readJson } from '../body.ts';
import type { Route } from '../route.ts';

/** What a request for an explanation holds: a token, or the claims of one. */
interface Query {
  readonly channel: string;
  readonly verb: Verb;
  readonly token?: string;
  readonly identity?: unknown;
}

const FORM = '{ channel, verb, token } or { channel, verb, identity: { user?, claims?, caps? } }';
const wrong = (detail: string): Refusal => new Refusal('command_invalid', detail);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `POST /api/v1/explain`: may this token, or an identity with these claims, use the verb on the
 * channel, what decided, and what would change it? Needs `manage` on the channel.
 */
export function explainRoute(services: BackendServices): Route['handle'] {
  return (request) =>
    asBackend(request, services, async (by) => {
      const body = await readJson(request);
      if (body instanceof Refusal) return body;
      const query = readQuery(body.value);
      return query instanceof Refusal ? query : answer(services, by, query);
    });
}

async function answer(services: BackendServices, by: Identity, query: Query): Promise<AccessExplanation | Refusal> {
  const { channel, verb } = query;
  const match = services.rules.match(channel);
  const manager = await explain({ identity: by, verb: 'manage', channel, match });
  if (by.trusted !== true && !manager.allowed) return new Refusal('permission_denied', manager.message);
  if (query.token === undefined) {
    const identity = readIdentity(query.identity);
    return identity instanceof Refusal ? identity : explainAccess({ identity, verb, channel, match });
  }
  const verification = await services.verifier.verify(query.token);
  if (verification.ok) return explainAccess({ identity: verification.identity, verb, channel, match });
  const { error, message } = verification;
  return explainToken({ verb, channel, match }, { error, message, remedy: ERRORS[error].remedy });
}

function readQuery(body: unknown): Query | Refusal {
  if (!isObject(body)) return wrong(`the body must be ${FORM}`);
  const { channel, verb, token, identity, ...unknown } = body;
  const [strange] = Object.keys(unknown);
  if (strange !== undefined) return wrong(`unknown field ${JSON.stringify(strange.slice(0, 40))}; write ${FORM}`);
  if (typeof channel !== 'string') return wrong(`"channel" must be a string; write ${FORM}`);
  const fault = channelNameFault(channel);
  if (fault !== null) return new Refusal('channel_invalid', fault);
  if (!(VERBS as readonly unknown[]).includes(verb)) return wrong(`"verb" must be one of ${VERBS.join(', ')}`);
  if (token !== undefined && typeof token !== 'string') return wrong('"token" must be a string');
  if (token !== undefined && identity !== undefined) return wrong('give "token" or "identity", not both');
  return { channel, verb: verb as Verb, ...(token === undefined ? { identity } : { token }) };
}

/** An identity as its token would make it; without one, an anonymous connection. */
function readIdentity(identity: unknown): Identity | Refusal {
  if (identity === undefined) return ANONYMOUS;
  if (!isObject(identity)) return wrong('"identity" must be an object { user?, claims?, caps? }');
  const { user = null, claims = {}, caps, ...unknown } = identity;
  const [strange] = Object.keys(unknown);
  if (strange !== undefined)
    return wrong(`unknown field ${JSON.stringify(`identity.${strange.slice(0, 40)}`)}; write ${FORM}`);
  if (user !== null && typeof user !== 'string') return wrong('"identity.user" must be a string');
  if (!isObject(claims)) return wrong('"identity.claims" must be an object');
  const capabilities = parseCapabilities(caps);
  return typeof capabilities === 'string' ? wrong(`"identity": ${capabilities}`) : { user, claims, capabilities };
}
