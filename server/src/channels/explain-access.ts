import { EVERY, filterKey, isWildcard, PatternError, parsePattern } from '@sluice/protocol';
import { type Explanation, explain, nameOf, type Question } from '../auth/explain.ts';
import type { Verb } from '../auth/identity.ts';
import { Refusal } from '../refusal.ts';
import { effectiveConditions, enforcedValues } from './filters/enforced-filter.ts';
import type { BoundMatch, RuleMatch, Rules } from './rules.ts';

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
  /** Of a pattern: the bound channel that decides. It has all messages of the pattern; `null`: none has. */
  readonly bound?: string | null;
  /** Of a pattern: the rules of the channels whose messages it stands for, the most specific first. */
  readonly spans?: readonly string[];
}

/** A question about a channel of the configuration. */
export type AccessQuestion = Omit<Question, 'match'> & { readonly match: RuleMatch | null };

/** A question about a channel, or about a pattern of channels. */
export type AccessInquiry = Omit<Question, 'match'>;

const READING: readonly Verb[] = ['subscribe', 'history'];

/**
 * What is wrong with a question about a pattern; `null`: nothing, or the channel is no pattern. SPEC.md
 * section 4.3.
 */
export function patternFault(verb: Verb, channel: string): string | null {
  if (!isWildcard(channel)) return null;
  if (verb !== 'subscribe') return `"${channel}" is a pattern, which only "subscribe" accepts. Ask about one channel`;
  try {
    const { segments } = parsePattern(channel);
    return segments.some(({ kind }) => kind === 'param') ? `"${channel}": {param} is for rules only. Use *` : null;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

/** Explains a decision about a channel, or about a pattern of channels to subscribe to. */
export async function explainIn(rules: Rules, question: AccessInquiry): Promise<AccessExplanation> {
  const { channel } = question;
  if (!isWildcard(channel)) return explainAccess({ ...question, match: rules.match(channel) });
  const spans = rules.spannedBy(parsePattern(channel)).map(({ pattern }) => pattern.source);
  const bound = rules.boundFor(channel);
  return { ...(await explainPattern(question, bound)), channel, spans };
}

/** Like `authorize`: the most specific bound channel that permits it decides. */
async function explainPattern(question: AccessInquiry, bound: readonly BoundMatch[]): Promise<AccessExplanation> {
  let denied: AccessExplanation | undefined;
  for (const match of bound) {
    const own = { ...question, channel: match.log, match };
    const explanation = await explain(own);
    if (explanation.allowed) return forPattern(question.channel, withOnly(explanation, own));
    denied ??= forPattern(question.channel, explanation);
  }
  return denied ?? unbound(question);
}

/** @param explanation of the bound channel */
const forPattern = (pattern: string, explanation: AccessExplanation): AccessExplanation => ({
  ...explanation,
  bound: explanation.channel,
  message: `"${explanation.channel}" has all messages of "${pattern}": ${explanation.message}`,
});

const unbound = ({ identity, verb, channel }: AccessInquiry): AccessExplanation => ({
  ...{ allowed: false, verb, channel, rule: null, reason: { kind: 'no_binding' }, bound: null },
  message: `${nameOf(identity)} may not subscribe to "${channel}": no channel has all its messages`,
  remedy: `Add bind: ["${channel}"] to the rule of a channel that allows "${verb}".`,
});

/** Explains a decision of the permissions, and of the filter that the rule enforces. */
export async function explainAccess(question: AccessQuestion): Promise<AccessExplanation> {
  return withOnly(await explain(question), question);
}

function withOnly(explanation: Explanation, { match, verb, identity }: AccessQuestion): AccessExplanation {
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
