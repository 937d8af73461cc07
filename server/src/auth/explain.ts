/** Why an identity may or may not do something on a channel: the decision of `permits`, with its reason. */

import type { ErrorName, Params, Pattern } from '@sluice/protocol';
import { covers, formatGrant, GrantFailed, type Grants, holdsGrant, permits } from './acl.ts';
import { type Identity, isBackend, isSubscribedByBackend, type Verb } from './identity.ts';

/** What decided. */
export type Reason =
  /** An API key without `caps`, or the program that embeds the gateway: rules do not apply. */
  | { readonly kind: 'trusted' }
  /** The token is rejected, with this error of the catalogue. */
  | { readonly kind: 'token'; readonly error: ErrorName }
  /** No rule matches the channel, so it does not exist. */
  | { readonly kind: 'no_rule' }
  /** A capability of the token permits the verb, or denies it. */
  | { readonly kind: 'capability'; readonly pattern: string }
  /** A grant of the rule permits it. */
  | { readonly kind: 'grant'; readonly grant: string }
  /** The backend has subscribed the connection to the channel. */
  | { readonly kind: 'backend' }
  /** Nothing permits it; `grants` are those of the rule that this identity does not have. */
  | { readonly kind: 'no_grant'; readonly grants: readonly string[] }
  /** Only users can be members of a channel. */
  | { readonly kind: 'no_user' }
  /** Clients without a token may not connect. */
  | { readonly kind: 'no_token' }
  /** The rule's `only` takes values from a claim that the token does not have. */
  | { readonly kind: 'only' }
  /** No channel has all messages of the pattern. */
  | { readonly kind: 'no_binding' }
  /** A grant function threw, or returned neither true nor false. */
  | { readonly kind: 'grant_failed' };

/** What can decide about a permission of a valid identity. */
type Decisive = Exclude<Reason, { readonly kind: 'token' | 'no_token' | 'only' | 'no_binding' }>;

export interface Explanation {
  readonly allowed: boolean;
  readonly verb: Verb;
  readonly channel: string;
  /** The pattern of the rule that governs the channel. */
  readonly rule: string | null;
  readonly reason: Reason;
  /** The decision and its reason in one sentence. */
  readonly message: string;
  /** What would change the decision. */
  readonly remedy: string;
}

/** The rule of a channel, and what its pattern binds in the channel's name. */
export interface GoverningRule {
  readonly rule: { readonly pattern: Pattern; readonly allow: Grants };
  readonly params: Params;
}

export interface Question {
  readonly identity: Identity;
  readonly verb: Verb;
  readonly channel: string;
  readonly match: GoverningRule | null;
}

/** Explains a decision. Calls the rule's grant functions as the decision itself does. */
export async function explain(question: Question): Promise<Explanation> {
  const { verb, channel, match } = question;
  const { allowed, reason } = await decide(question);
  const rule = match?.rule.pattern.source ?? null;
  return { allowed, verb, channel, rule, reason, ...wordsFor(question, allowed, reason) };
}

type Words = Pick<Explanation, 'message' | 'remedy'>;

interface Outcome {
  readonly allowed: boolean;
  readonly reason: Decisive;
}

/** Explains why a token permits nothing at all. `message` and `remedy` are those of the error. */
export function explainToken(
  { verb, channel, match }: Omit<Question, 'identity'>,
  { error, ...words }: Words & { readonly error: ErrorName },
): Explanation {
  const rule = match?.rule.pattern.source ?? null;
  return { allowed: false, verb, channel, rule, reason: { kind: 'token', error }, ...words };
}

async function decide({ identity, verb, channel, match }: Question): Promise<Outcome> {
  if (match === null) return { allowed: false, reason: { kind: 'no_rule' } };
  try {
    const allowed = await permits(identity, verb, channel, match.rule, match.params);
    if (allowed && verb === 'enter' && isNobody(identity)) return { allowed: false, reason: { kind: 'no_user' } };
    return {
      allowed,
      reason: allowed ? whyAllowed(identity, verb, channel, match) : whyDenied(identity, verb, channel, match),
    };
  } catch (error) {
    if (!(error instanceof GrantFailed)) throw error;
    return { allowed: false, reason: { kind: 'grant_failed' } };
  }
}

/** A member has a name: that of a user, or the one that a backend gives it. */
const isNobody = (identity: Identity): boolean => identity.user === null && !isBackend(identity);

function whyAllowed(identity: Identity, verb: Verb, channel: string, { rule, params }: GoverningRule): Decisive {
  if (identity.trusted === true) return { kind: 'trusted' };
  const capability = identity.capabilities.find(({ allow, pattern }) => allow.has(verb) && covers(pattern, channel));
  if (capability !== undefined) return { kind: 'capability', pattern: capability.pattern.source };
  if (verb === 'subscribe' && isSubscribedByBackend(identity, channel)) return { kind: 'backend' };
  const list = rule.allow[verb] ?? [];
  const plain = list.find((grant) => holdsGrant(grant, identity, params));
  const grant = plain ?? list.find(({ kind }) => kind === 'function');
  return { kind: 'grant', grant: grant === undefined ? '' : formatGrant(grant) };
}

function whyDenied({ capabilities }: Identity, verb: Verb, channel: string, { rule }: GoverningRule): Decisive {
  const denial = capabilities.find(({ deny, pattern }) => deny.has(verb) && covers(pattern, channel));
  if (denial !== undefined) return { kind: 'capability', pattern: denial.pattern.source };
  return { kind: 'no_grant', grants: (rule.allow[verb] ?? []).map(formatGrant) };
}

/** A verb in a sentence about a channel. */
const ACTIONS: Readonly<Record<Verb, string>> = {
  subscribe: 'subscribe to',
  publish: 'publish to',
  history: 'read the history of',
  presence: 'see the members of',
  enter: 'enter',
  consume: 'consume from',
  request: 'send requests to',
  respond: 'answer requests on',
  manage: 'manage',
};

function wordsFor({ identity, verb, channel, match }: Question, allowed: boolean, reason: Decisive): Words {
  const who = nameOf(identity);
  const action = `${who} ${allowed ? 'may' : 'may not'} ${ACTIONS[verb]} "${channel}"`;
  const rule = match?.rule.pattern.source ?? '';
  switch (reason.kind) {
    case 'trusted':
      return {
        message: `${action}: rules do not apply to an API key without "caps"`,
        remedy: `To restrict the key, give it "caps".`,
      };
    case 'no_rule':
      return {
        message: `${action}: no rule matches the channel, so it does not exist`,
        remedy: `Add a rule to "channels" whose pattern matches "${channel}".`,
      };
    case 'capability':
      return allowed
        ? {
            message: `${action}: the capability "${reason.pattern}" of the token permits it`,
            remedy: `To deny it, issue tokens without this capability, or with "!${verb}" for the channel.`,
          }
        : {
            message: `${action}: the capability "${reason.pattern}" of the token denies it, whatever the rule permits`,
            remedy: `Issue a token without "!${verb}" for "${reason.pattern}".`,
          };
    case 'grant':
      return {
        message: `${action}: the rule "${rule}" grants "${verb}" to ${reason.grant}`,
        remedy: `To deny it, change allow.${verb} of the rule "${rule}", or issue tokens with the capability "!${verb}".`,
      };
    case 'no_grant':
      return reason.grants.length === 0
        ? {
            message: `${action}: the rule "${rule}" grants "${verb}" to nobody`,
            remedy: `Add allow.${verb} to the rule "${rule}", or issue a token with a capability for it.`,
          }
        : {
            message: `${action}: the rule "${rule}" grants "${verb}" to ${reason.grants.join(', ')}, and none of these applies`,
            remedy: `Add a grant that applies to allow.${verb} of the rule "${rule}", or issue a token with the claim or capability for it.`,
          };
    case 'backend':
      return {
        message: `${action}: the backend has subscribed the connection to it`,
        remedy: 'To deny it, let the backend unsubscribe the user.',
      };
    case 'no_user':
      return {
        message: `${action}: the rule permits it, but a member has the name of a user`,
        remedy: 'Connect with a token.',
      };
    case 'grant_failed':
      return {
        message: `${action}: a grant function of the rule "${rule}" failed`,
        remedy: `The gateway's log has the error. The function must return true or false, or a promise of one.`,
      };
  }
}

/** An identity in a sentence. */
export function nameOf({ user, name, trusted }: Identity): string {
  if (name !== undefined) return `the API key "${name}"`;
  if (user !== null) return `user "${user}"`;
  return trusted === true ? 'the embedding program' : 'an anonymous connection';
}
