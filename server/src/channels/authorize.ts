import { bindingMissing, isWildcard, unknownChannel } from '@sluice/protocol';
import { formatGrant, GrantFailed, isDenied, permits } from '../auth/acl.ts';
import type { Identity, Verb } from '../auth/identity.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Clock } from '../util/clock.ts';
import { CLIENT_RETRY } from './budgets.ts';
import type { RuleMatch, Rules } from './rules.ts';

/** The channel's rule, or why not: a refusal that says nothing about whether the channel has members or history. */
export type Decision = RuleMatch | Refusal;

/** What a decision needs. */
export interface Authority {
  readonly rules: Rules;
  readonly events: EventBus;
  readonly clock: Clock;
}

/** Milliseconds that a grant may take to decide. */
export const DECISION_TIME = 5_000;

/**
 * May this identity do this on this channel?
 *
 * @returns at once, unless a grant of the rule is a function that answers with a promise
 */
export function authorize(
  authority: Authority,
  identity: Identity,
  verb: Verb,
  channel: string,
): Decision | Promise<Decision> {
  const match = authority.rules.match(channel);
  if (match === null) return isWildcard(channel) ? unbound(identity, verb, channel) : unknown(channel);
  if (match.log !== undefined) return authorizePattern(authority, identity, verb, channel);
  return decide(authority, { identity, verb, channel, match });
}

/**
 * A pattern stands for the messages of its channels in a bound channel: the most specific one that
 * the identity may use. If it may use none, the refusal is about the most specific one. SPEC.md section 4.3.
 */
function authorizePattern(
  authority: Authority,
  identity: Identity,
  verb: Verb,
  pattern: string,
): Decision | Promise<Decision> {
  let denied: Refusal | undefined;
  for (const match of authority.rules.boundFor(pattern)) {
    const decision = decide(authority, { identity, verb, channel: match.log, match });
    if (!(decision instanceof Refusal)) return decision;
    denied ??= decision;
  }
  if (denied === undefined) return unbound(identity, verb, pattern);
  return new Refusal(denied.error, `${denied.body.message}. It has the messages of "${pattern}"`);
}

const unknown = (channel: string): Refusal => new Refusal('channel_unknown', unknownChannel(channel).detail);

function unbound(identity: Identity, verb: Verb, pattern: string): Refusal {
  const { error, detail } = bindingMissing(pattern, verb, nameOf(identity));
  return new Refusal(error, detail);
}

function decide(authority: Authority, { identity, verb, channel, match }: Question): Decision | Promise<Decision> {
  try {
    const allowed = permits(identity, verb, channel, match.rule, match.params);
    if (allowed === true) return match;
    if (allowed === false) return deny(identity, verb, channel, match);
    return decideLater(authority, allowed, { identity, verb, channel, match });
  } catch (error) {
    return fail(authority, error, { identity, verb, channel, match });
  }
}

interface Question {
  readonly identity: Identity;
  readonly verb: Verb;
  readonly channel: string;
  readonly match: RuleMatch;
}

function decideLater(authority: Authority, asked: Promise<boolean>, question: Question): Promise<Decision> {
  const { identity, verb, channel, match } = question;
  return new Promise((resolve, reject) => {
    const timer = authority.clock.after(DECISION_TIME, () => {
      const late = `a grant has not decided within ${DECISION_TIME / 1000} seconds`;
      report(authority, new Error(late), question);
      resolve(new Refusal('unavailable', `"${verb}" on "${channel}": ${late}`, CLIENT_RETRY));
    });
    const settle = (decision: Decision): void => {
      timer.cancel();
      resolve(decision);
    };
    asked
      .then(
        (allowed) => (allowed ? match : deny(identity, verb, channel, match)),
        (error: unknown) => fail(authority, error, question),
      )
      .then(settle, reject);
  });
}

/** The application's function failed. The fault is reported to its author; the client learns only that it failed. */
function fail(authority: Authority, error: unknown, question: Question): Refusal {
  if (!(error instanceof GrantFailed)) throw error;
  report(authority, error.cause, question);
  return new Refusal('internal');
}

/** Each cause is reported once: it comes with every command of every client. */
function report({ rules, events }: Authority, error: unknown, { verb, match }: Question): void {
  const where = `the grant of "${verb}" in the rule "${match.rule.pattern.source}"`;
  const message = error instanceof Error ? error.message : String(error);
  if (rules.isNewFault(`${where}: ${message}`)) events.emit('fault', { where, error });
}

function deny(identity: Identity, verb: Verb, channel: string, { rule }: RuleMatch): Refusal {
  const refused = `"${verb}" on "${channel}" is not allowed to ${nameOf(identity)}`;
  if (isDenied(identity, verb, channel)) {
    return new Refusal('permission_denied', `${refused}: the token's own "caps" deny it`);
  }
  const grants = (rule.allow[verb] ?? []).map(formatGrant);
  const whom = grants.length === 0 ? 'nobody' : grants.join(', ');
  return new Refusal('permission_denied', `${refused}: the rule "${rule.pattern.source}" allows it to ${whom}`);
}

function nameOf({ user, name }: Identity): string {
  if (name !== undefined) return `the API key "${name}"`;
  return user === null ? 'an anonymous connection' : `user "${user}"`;
}
