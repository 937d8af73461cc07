import { type Conditions, coversPattern, filterKey, matchPattern, type Params, type Pattern } from '@sluice/protocol';
import type { Rule } from '../rule.ts';

/** A channel to which the messages of another one are also appended. */
export interface BoundChannel {
  readonly channel: string;
  readonly rule: Rule;
  /** A message is appended if it fulfils one of these conditions. */
  readonly where: readonly Conditions[];
}

/** No channel has the messages of this one, too. */
export const NOT_BOUND: readonly BoundChannel[] = Object.freeze([]);

/**
 * The channels to which the messages of a channel are also appended. Copies are not copied again,
 * so a channel that binds others is the source of nothing.
 *
 * @param own the rule of the channel
 */
export function boundTo(channel: string, own: Rule, rules: readonly Rule[]): readonly BoundChannel[] {
  if (own.bind.length > 0) return NOT_BOUND;
  const found = new Map<string, BoundChannel & { where: Conditions[] }>();
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
export function boundChannelsOf(pattern: string, rules: readonly Rule[]): readonly string[] {
  const found: { readonly name: string; readonly from: string }[] = [];
  for (const rule of rules) {
    for (const { from, where } of rule.bind) {
      if (filterKey(where) !== '' || !coversPattern(from.source, pattern)) continue;
      const name = nameFor(rule.pattern, from, pattern);
      if (name !== null) found.push({ name, from: from.source });
    }
  }
  return found.toSorted((a, b) => compareWidth(a.from, b.from)).map(({ name }) => name);
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
