/** Dead letters that would come back to the group in which they died, and die there again, without end. */

import { boundTo, matchPattern, type Params } from '@sluice/protocol';
import type { GroupRule, Rule } from '../rule.ts';
import type { Problems } from './problems.ts';

const PARAM = /\{(\w+)\}/g;
/** Stands for the values that no rule names. */
const ANY_VALUE = 'x';

/** The channel to which a group of a channel publishes its dead letters. */
export const deadLetterChannel = (deadLetter: string, params: Params): string =>
  deadLetter.replaceAll(PARAM, (_, name: string) => params[name] ?? ANY_VALUE);

/** A group of a rule, at one of its channels. */
interface Station {
  readonly channel: string;
  readonly rule: Rule;
  readonly group: GroupRule;
}

/** Adds a problem for each group whose dead letters come back to it. */
export function checkCycles(rules: readonly Rule[], problems: Problems): void {
  const values = valuesOf(rules);
  for (const rule of rules) {
    for (const group of rule.groups) {
      const way = values.map((value) => wayBack({ channel: exampleOf(rule, value), rule, group }, rules)).find(Boolean);
      if (way == null) continue;
      const place = rule.queue === null ? ['groups', group.name] : ['queue'];
      const steps = way.map(({ channel }) => `"${channel}"`).join(' → ');
      problems.add(
        ['channels', rule.pattern.source, ...place, 'deadLetter'],
        `leads back to this rule: ${steps}. A message that always fails would go round for ever. Remove one deadLetter`,
      );
    }
  }
}

/** Values of params that lead to different rules: those that rules name, and any other. */
function valuesOf(rules: readonly Rule[]): readonly string[] {
  const named = rules.flatMap(({ pattern }) =>
    pattern.segments.flatMap((segment) => (segment.kind === 'literal' ? [segment.text] : [])),
  );
  return [...new Set([ANY_VALUE, ...named])];
}

/** A channel of a rule. */
const exampleOf = ({ pattern }: Rule, value: string): string =>
  pattern.segments.map((segment) => (segment.kind === 'literal' ? segment.text : value)).join(':');

/** The way from a group back to its rule and group; `null`: there is none. */
function wayBack(start: Station, rules: readonly Rule[]): readonly Station[] | null {
  const seen = new Set<GroupRule>();
  const search = (way: readonly Station[]): readonly Station[] | null => {
    for (const next of nextOf(way.at(-1) ?? start, rules)) {
      if (next.group === start.group) return [...way, next];
      if (seen.has(next.group)) continue;
      seen.add(next.group);
      const found = search([...way, next]);
      if (found !== null) return found;
    }
    return null;
  };
  // An example may belong to a more specific rule.
  return ruleOf(start.channel, rules) === start.rule ? search([start]) : null;
}

/** The most specific rule is the first. */
const ruleOf = (channel: string, rules: readonly Rule[]): Rule | undefined =>
  rules.find(({ pattern }) => matchPattern(pattern, channel) !== null);

/** The groups that get the dead letters of a group: those of the channel, and of the channels that bind it. */
function nextOf({ channel, rule, group }: Station, rules: readonly Rule[]): readonly Station[] {
  const params = matchPattern(rule.pattern, channel);
  if (group.deadLetter === null || params === null) return [];
  const target = deadLetterChannel(group.deadLetter, params);
  const own = ruleOf(target, rules);
  if (own === undefined) return [];
  const reached = [{ channel: target, rule: own }, ...boundTo(target, own, rules)];
  return reached.flatMap(({ channel: name, rule: of }) =>
    of.groups.map((each) => ({ channel: name, rule: of, group: each })),
  );
}
