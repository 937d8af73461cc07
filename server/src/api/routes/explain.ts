import { channelNameFault, ERRORS, isWildcard } from '@sluice/protocol';
import { explain, explainToken } from '../../auth/explain.ts';
import {
  ANONYMOUS,
  describedIdentity,
  type Identity,
  parseCapabilities,
  VERBS,
  type Verb,
} from '../../auth/identity.ts';
import type { Verifier } from '../../auth/token.ts';
import { patternFault } from '../../channels/explain-access.ts';
import { explainOperation, type OperationExplanation } from '../../hooks/explain-operation.ts';
import type { Hooks } from '../../hooks/hooks.ts';
import { Refusal } from '../../refusal.ts';
import { asBackend, type BackendServices } from '../backend.ts';
import { readJson } from '../body.ts';
import { refuseManaging } from '../manager.ts';
import type { Route } from '../route.ts';

/** What decides about clients. */
export interface ExplainServices extends BackendServices {
  /** Verifies the tokens that are asked about. */
  readonly tokens: Verifier;
  readonly hooks: Pick<Hooks, 'configs'>;
  readonly settings: { readonly anonymous: boolean };
}

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
 * channel, what decided, and what would change it? Needs `manage` on the channel. With `subscribe`,
 * the channel may be a pattern.
 */
export function explainRoute(services: ExplainServices): Route['handle'] {
  return (request) =>
    asBackend(request, services, async (by) => {
      const body = await readJson(request);
      if (body instanceof Refusal) return body;
      const query = readQuery(body.value);
      return query instanceof Refusal ? query : answer(services, by, query);
    });
}

async function answer(services: ExplainServices, by: Identity, query: Query): Promise<OperationExplanation | Refusal> {
  const { channel, verb } = query;
  const { rules } = services;
  const refusal = await refuseAsking(services, by, channel);
  if (refusal !== null) return refusal;
  const explainFor = (identity: Identity) => {
    const gate = { rules, anonymous: services.settings.anonymous, hooks: services.hooks.configs };
    return explainOperation(gate, { identity, verb, channel });
  };
  if (query.token === undefined) {
    const identity = readIdentity(query.identity);
    return identity instanceof Refusal ? identity : explainFor(identity);
  }
  const verification = await services.tokens.verify(query.token);
  if (verification.ok) return explainFor(verification.identity);
  const { error, message } = verification;
  const match = rules.match(channel);
  return explainToken({ verb, channel, match }, { error, message, remedy: ERRORS[error].remedy });
}

/** Why the caller may not ask: for a pattern, it must manage all its channels. */
async function refuseAsking({ rules }: BackendServices, by: Identity, channel: string): Promise<Refusal | null> {
  if (by.trusted === true) return null;
  if (isWildcard(channel)) return refuseManaging(by, channel);
  const { allowed, message } = await explain({ identity: by, verb: 'manage', channel, match: rules.match(channel) });
  return allowed ? null : new Refusal('permission_denied', message);
}

function readQuery(body: unknown): Query | Refusal {
  if (!isObject(body)) return wrong(`the body must be ${FORM}`);
  const { channel, verb, token, identity, ...unknown } = body;
  const [strange] = Object.keys(unknown);
  if (strange !== undefined) return wrong(`unknown field ${JSON.stringify(strange.slice(0, 40))}; write ${FORM}`);
  if (typeof channel !== 'string') return wrong(`"channel" must be a string; write ${FORM}`);
  if (!(VERBS as readonly unknown[]).includes(verb)) return wrong(`"verb" must be one of ${VERBS.join(', ')}`);
  const fault = refuseChannel(verb as Verb, channel);
  if (fault !== null) return fault;
  if (token !== undefined && typeof token !== 'string') return wrong('"token" must be a string');
  if (token !== undefined && identity !== undefined) return wrong('give "token" or "identity", not both');
  return { channel, verb: verb as Verb, ...(token === undefined ? { identity } : { token }) };
}

function refuseChannel(verb: Verb, channel: string): Refusal | null {
  const fault = isWildcard(channel) ? patternFault(verb, channel) : channelNameFault(channel);
  return fault === null ? null : new Refusal('channel_invalid', fault);
}

/** An identity as its token would make it; without one, an anonymous connection. */
function readIdentity(identity: unknown): Identity | Refusal {
  if (identity === undefined) return ANONYMOUS;
  if (!isObject(identity)) return wrong('"identity" must be an object { user?, claims?, caps? }');
  const { user, claims = {}, caps, ...unknown } = identity;
  const [strange] = Object.keys(unknown);
  if (strange !== undefined)
    return wrong(`unknown field ${JSON.stringify(`identity.${strange.slice(0, 40)}`)}; write ${FORM}`);
  if (!isObject(claims)) return wrong('"identity.claims" must be an object');
  const capabilities = parseCapabilities(caps);
  if (typeof capabilities === 'string') return wrong(`"identity": ${capabilities}`);
  const described = describedIdentity(user, { claims, capabilities });
  return typeof described === 'string' ? wrong(`"identity.user" ${described}`) : described;
}
