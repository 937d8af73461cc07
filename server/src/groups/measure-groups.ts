import type { RuleMatch, Rules } from '../channels/rules.ts';
import type { GroupRef, GroupStats, GroupStore } from '../engine/groups.ts';
import type { GroupRule } from '../rule.ts';
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

/** Groups whose numbers are read at the same time: few trips to the engine, and no flood of them. */
const BATCH = 100;

interface Services {
  readonly store: GroupStore;
  readonly rules: Rules;
  readonly clock: Clock;
}

/** The group of a rule, on one channel. */
interface Measured {
  readonly ref: GroupRef;
  readonly rule: string;
  readonly group: GroupRule;
}

/** Adds up the numbers of groups by rule and name, so that labels are as few as the configuration has. */
export async function measureGroups(
  refs: readonly GroupRef[],
  { store, rules, clock }: Services,
): Promise<readonly RuleNumbers[]> {
  const sums = new Map<string, RuleNumbers>();
  const measured = refs.flatMap((ref) => find(ref, rules) ?? []);
  for (let at = 0; at < measured.length; at += BATCH) {
    const batch = measured.slice(at, at + BATCH);
    const stats = await Promise.all(batch.map(({ ref, group }) => store.stats(ref, group.delivery)));
    for (const [place, { rule, group }] of batch.entries()) {
      addTo(sumOf(sums, rule, group.name), stats[place] as GroupStats, clock.now());
    }
  }
  return [...sums.values()];
}

/** `null`: the configuration has no such group any more. */
function find(ref: GroupRef, rules: Rules): Measured | null {
  const match: RuleMatch | null = rules.match(ref.channel);
  const group = match === null ? undefined : ruleOfGroup(match.rule.groups, ref.group);
  return match === null || group === undefined ? null : { ref, rule: match.rule.pattern.source, group };
}

function sumOf(sums: Map<string, RuleNumbers>, rule: string, group: string): RuleNumbers {
  const key = `${rule} ${group}`;
  const sum = sums.get(key) ?? { rule, group, ready: 0, inFlight: 0, delayed: 0, dead: 0, oldestAge: 0 };
  sums.set(key, sum);
  return sum;
}

function addTo(sum: RuleNumbers, { ready, inFlight, delayed, dead, oldest }: GroupStats, now: number): void {
  sum.ready += ready;
  sum.inFlight += inFlight;
  sum.delayed += delayed;
  sum.dead += dead;
  if (oldest !== null) sum.oldestAge = Math.max(sum.oldestAge, now - oldest);
}
