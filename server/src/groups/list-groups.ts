import type { Rules } from '../channels/rules.ts';
import type { GroupRef, GroupStats, GroupStore } from '../engine/groups.ts';
import type { Clock } from '../util/clock.ts';
import { ruleOfGroup } from './group-names.ts';

/** A consumer group and its numbers. */
export interface ListedGroup extends Omit<GroupStats, 'oldest'> {
  readonly channel: string;
  readonly group: string;
  /** Pattern of the rule. */
  readonly rule: string;
  /** Age of the oldest message that is not settled, in ms; `null`: there is none. */
  readonly oldestAge: number | null;
}

/** Reads the numbers of groups, all at the same time. Groups that no rule has any more are left out. */
export async function listGroups(
  refs: readonly GroupRef[],
  { store, rules, clock }: { readonly store: GroupStore; readonly rules: Rules; readonly clock: Clock },
): Promise<readonly ListedGroup[]> {
  const all = refs.map(async (ref): Promise<ListedGroup | null> => {
    const match = rules.match(ref.channel);
    const group = match === null ? undefined : ruleOfGroup(match.rule.groups, ref.group);
    if (match === null || group === undefined) return null;
    const { oldest, ...stats } = await store.stats(ref, group.delivery);
    const oldestAge = oldest === null ? null : Math.max(0, clock.now() - oldest);
    return { ...ref, rule: match.rule.pattern.source, ...stats, oldestAge };
  });
  return (await Promise.all(all)).filter((group) => group !== null);
}
