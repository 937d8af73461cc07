import { both, type Conditions, canonical, EVERY, type Filter } from '@sluice/protocol';
import { type Identity, isBackend } from '../../auth/identity.ts';
import { Refusal } from '../../refusal.ts';
import type { ClaimCondition, Only, Rule } from '../../rule.ts';

/**
 * What an identity receives of a channel: the messages that fulfil the filter of the subscription
 * and the one that the channel's rule enforces (`only`).
 *
 * @param own the conditions that the client asked for
 * @param forced the conditions that a hook has added
 * @returns a refusal if the token has no value for a condition of the rule
 */
export function effectiveConditions(
  own: Conditions,
  { only, pattern }: Pick<Rule, 'only' | 'pattern'>,
  identity: Identity,
  forced: Conditions = EVERY,
): Conditions | Refusal {
  const asked = forced === EVERY ? own : both(own, forced);
  if (only === null || isBackend(identity)) return asked;
  let conditions = both(asked, only.fixed);
  for (const condition of only.claimed) {
    const values = valuesOf(condition, identity);
    if (values.length === 0) return missing(condition, pattern.source);
    conditions = both(conditions, canonical(filterOf(condition, values)));
  }
  return conditions;
}

/** The values of an identity for the conditions that take them from its token. */
export const enforcedValues = ({ claimed }: Only, identity: Identity) =>
  claimed.map((condition) => ({ name: condition.name, values: valuesOf(condition, identity) }));

function missing({ claims, name }: ClaimCondition, pattern: string): Refusal {
  const list = claims.map((claim) => `"${claim}"`).join(' or ');
  const detail = `the rule "${pattern}" delivers only messages whose ${name} is in the token's claim ${list}, and the token has no such claim`;
  return new Refusal('permission_denied', detail).advise(`Issue tokens with the claim, or change "only" of the rule.`);
}

const filterOf = ({ field, tag }: ClaimCondition, values: readonly string[]): Filter =>
  tag === undefined ? { [field]: values } : { tags: { [tag]: values } };

function valuesOf({ values, claims }: ClaimCondition, { claims: held }: Identity): readonly string[] {
  const found = claims.flatMap((claim) => (Object.hasOwn(held, claim) ? [held[claim]].flat() : []));
  return [...values, ...found.flatMap((value) => textOf(value) ?? [])];
}

/** Databases use numbers as ids, tags strings. Other kinds of values name nothing. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
