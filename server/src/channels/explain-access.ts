import { EVERY, filterKey } from '@sluice/protocol';
import { type Explanation, explain, type Question } from '../auth/explain.ts';
import type { Verb } from '../auth/identity.ts';
import { Refusal } from '../refusal.ts';
import { effectiveConditions, enforcedValues } from './filters/enforced-filter.ts';
import type { RuleMatch } from './rules.ts';

/** What the rule's `only` lets an identity receive. */
export interface EnforcedOnly {
  /** Conditions with values from the token: the message must have one of the values. */
  readonly claimed: readonly { readonly name: string; readonly values: readonly string[] }[];
  /** Does `only` have other conditions, which are the same for everybody? */
  readonly fixed: boolean;
}

/** An explanation, and which messages the identity receives. */
export interface AccessExplanation extends Explanation {
  /** With `subscribe` and `history`, if the rule enforces a filter that applies to the identity. */
  readonly only?: EnforcedOnly;
}

/** A question about a channel of the configuration. */
export type AccessQuestion = Omit<Question, 'match'> & { readonly match: RuleMatch | null };

const READING: readonly Verb[] = ['subscribe', 'history'];

/** Explains a decision of the permissions, and of the filter that the rule enforces. */
export async function explainAccess(question: AccessQuestion): Promise<AccessExplanation> {
  const explanation = await explain(question);
  const { match, verb, identity } = question;
  if (!explanation.allowed || match === null || !READING.includes(verb)) return explanation;
  const { rule } = match;
  const conditions = effectiveConditions(EVERY, rule, identity);
  if (conditions instanceof Refusal) return refused(explanation, conditions.body.message);
  if (rule.only === null || conditions === EVERY) return explanation;
  const claimed = enforcedValues(rule.only, identity);
  const fixed = filterKey(rule.only.fixed) !== '';
  return { ...explanation, message: `${explanation.message}; ${inWords(claimed, fixed)}`, only: { claimed, fixed } };
}

function refused(explanation: Explanation, detail: string): Explanation {
  return {
    ...explanation,
    allowed: false,
    reason: { kind: 'only' },
    message: detail,
    remedy: `Issue tokens with the claim, or change "only" of the rule "${explanation.rule}".`,
  };
}

function inWords(claimed: EnforcedOnly['claimed'], fixed: boolean): string {
  const conditions = claimed.map(
    ({ name, values }) => `whose ${name} is ${values.map((value) => JSON.stringify(value)).join(' or ')}`,
  );
  if (fixed) conditions.push('that fulfil the conditions of "only" in the rule');
  return `of its messages, only those ${conditions.join(' and ')} are received`;
}
