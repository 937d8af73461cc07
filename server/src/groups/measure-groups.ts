import type { RuleMatch, Rules } from '../channels/rules.ts';
import type { GroupRef, GroupStats, GroupStore } from '../engine/groups.ts';
import type { Clock } from '../util/clock.ts';
import { ruleOfGroup } from './group-names.ts';

/** The numbers of all groups of one name under one rule. */
export interface RuleNumbers {
  readonly rule: string;
  readonly group: string;
  ready: number;
  inFlight: number;
  delayed: number;
  dead: number;
  /** Milliseconds. */
  oldestAge: number;
}

/** Adds up the numbers of groups by rule and name, so that labels are as few as the configuration has. */
export async function measureGroups(
  refs: Iterable<GroupRef>,
  { store, rules, clock }: { store: GroupStore; rules: Rules; clock: Clock },
): Promise<readonly RuleNumbers[]> {
  const sums = new Map<string, RuleNumbers>();
  for (const ref of refs) {
    const match: RuleMatch | null = rules.match(ref.channel);
    const group = match === null ? undefined : ruleOfGroup(match.rule.groups, ref.group);
    if (match === null || group === undefined) continue;
    const stats = await store.stats(ref, group.delivery);
    const rule = match.rule.pattern.source;
    const key = `${rule} ${group.name}`;
    const sum = sums.get(key) ?? { rule, group: group.name, ready: 0, inFlight: 0, delayed: 0, dead: 0, oldestAge: 0 };
    sums.set(key, sum);
    addTo(sum, stats, clock.now());
  }
  return [...sums.values()];
}

function addTo(sum: RuleNumbers, { ready, inFlight, delayed, dead, oldest }: GroupStats, now: number): void {
  sum.ready += ready;
  sum.inFlight += inFlight;
  sum.delayed += delayed;
  sum.dead += dead;
  if (oldest !== null) sum.oldestAge = Math.max(sum.oldestAge, now - oldest);
}
