import { channelNameFault, ERRORS, isWildcard } from '@sluice/protocol';
import { explainToken } from '../auth/explain.ts';
import { ANONYMOUS, describedIdentity, type Identity, parseCapabilities, VERBS, type Verb } from '../auth/identity.ts';
import type { Verifier } from '../auth/token.ts';
import { patternFault } from '../channels/explain-access.ts';
import type { Rules } from '../channels/rules.ts';
import { explainOperation, type OperationExplanation } from '../hooks/explain-operation.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { Refusal } from '../refusal.ts';

/** A question for an explanation: a token, or the claims of one. Without both: an anonymous connection. */
export interface ExplanationQuery {
  /** With `subscribe`, it may be a pattern. */
  readonly channel: string;
  readonly verb: Verb;
  readonly token?: string;
  readonly identity?: DescribedIdentity;
}

/** What the token of somebody would say. */
export interface DescribedIdentity {
  readonly user?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly caps?: Readonly<Record<string, readonly string[]>>;
}

const FORM = '{ channel, verb, token } or { channel, verb, identity: { user?, claims?, caps? } }';
const wrong = (detail: string): Refusal => new Refusal('command_invalid', detail);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What decides about clients. */
export interface ExplanationServices {
  readonly rules: Rules;
  /** Verifies the tokens that are asked about. */
  readonly verifier: Verifier;
  readonly hooks: Pick<Hooks, 'configs'>;
  readonly settings: { readonly anonymous: boolean };
}

/** Explains what decides: it does not check whether the caller may know. */
export async function explainQuery(
  { rules, verifier, hooks, settings }: ExplanationServices,
  { channel, verb, token, identity: described }: ExplanationQuery,
): Promise<OperationExplanation | Refusal> {
  const explainFor = (identity: Identity) => {
    const gate = { rules, anonymous: settings.anonymous, hooks: hooks.configs };
    return explainOperation(gate, { identity, verb, channel });
  };
  if (token === undefined) {
    const identity = readIdentity(described);
    return identity instanceof Refusal ? identity : explainFor(identity);
  }
  const verification = await verifier.verify(token);
  if (verification.ok) return explainFor(verification.identity);
  const { error, message } = verification;
  const match = rules.match(channel);
  return explainToken({ verb, channel, match }, { error, message, remedy: ERRORS[error].remedy });
}

/** Checks a question. */
export function readExplanation(body: unknown): ExplanationQuery | Refusal {
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
  return {
    channel,
    verb: verb as Verb,
    ...(token === undefined ? { identity: identity as DescribedIdentity } : { token }),
  };
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
