/** Bindings: which channels also have the messages of others. SPEC.md sections 4.3 and 5.1. */

import type { Conditions } from './filter.ts';
import { filterKey } from './filter-canonical.ts';
import { coversPattern } from './pattern-sets.ts';
import { matchPattern, type Params, type Pattern } from './patterns.ts';

/** One pattern whose messages a rule's channels also have, if they fulfil the conditions. */
export interface Binding {
  readonly from: Pattern;
  readonly where: Conditions;
}

/** What bindings need to know of a channel rule. */
export interface BindingRule {
  readonly pattern: Pattern;
  readonly bind: readonly Binding[];
}

/** A channel to which the messages of another one are also appended. */
export interface BoundChannel<Rule extends BindingRule = BindingRule> {
  readonly channel: string;
  readonly rule: Rule;
  /** A message is appended if it fulfils one of these conditions. */
  readonly where: readonly Conditions[];
}

const NOT_BOUND: readonly never[] = Object.freeze([]);

/**
 * The channels to which the messages of a channel are also appended. Copies are not copied again,
 * so a channel that binds others is the source of nothing.
 *
 * @param own the rule of the channel
 */
export function boundTo<Rule extends BindingRule>(
  channel: string,
  own: Rule,
  rules: readonly Rule[],
): readonly BoundChannel<Rule>[] {
  if (own.bind.length > 0) return NOT_BOUND;
  const found = new Map<string, BoundChannel<Rule> & { where: Conditions[] }>();
  for (const rule of rules) {
    for (const { from, where } of rule.bind) {
      const params = matchPattern(from, channel);
      if (params === null) continue;
      const name = nameOf(rule.pattern, params);
      const known = found.get(name);
      if (known === undefined) found.set(name, { channel: name, rule, where: [where] });
      else if (known.rule === rule) known.where.push(where);
    }
  }
  return [...found.values()];
}

function nameOf({ segments }: Pattern, params: Params): string {
  const parts = segments.map((segment) => {
    if (segment.kind === 'param') return params[segment.name];
    return segment.kind === 'literal' ? segment.text : undefined; // others are refused at the start
  });
  return parts.join(':');
}

/**
 * The bound channels that have every message of a pattern: a pattern that they bind covers it,
 * without a filter. The most specific first, because it has the fewest other messages.
 */
export function boundChannelsOf(pattern: string, rules: readonly BindingRule[]): readonly string[] {
  const found: { readonly name: string; readonly from: string }[] = [];
  for (const rule of rules) {
    for (const { from, where } of rule.bind) {
      if (filterKey(where) !== '' || !coversPattern(from.source, pattern)) continue;
      const name = nameFor(rule.pattern, from, pattern);
      if (name !== null) found.push({ name, from: from.source });
    }
  }
  return [...found].sort((a, b) => compareWidth(a.from, b.from)).map(({ name }) => name);
}

const compareWidth = (a: string, b: string): number => Number(coversPattern(a, b)) - Number(coversPattern(b, a));

/** The name of the bound channel, if the pattern leaves no choice. */
function nameFor(target: Pattern, from: Pattern, pattern: string): string | null {
  const parts = pattern.split(':');
  const params: Record<string, string> = {};
  for (const [at, segment] of from.segments.entries()) {
    if (segment.kind === 'param') params[segment.name] = parts[at] ?? '*';
  }
  const name = nameOf(target, params);
  return name.includes('*') ? null : name;
}
