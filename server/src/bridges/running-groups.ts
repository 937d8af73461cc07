import { matchPattern } from '@sluice/protocol';
import type { BridgeConfig } from '../bridge.ts';
import type { Rules } from '../channels/rules.ts';
import { type GroupTarget, ruleOfGroup } from '../groups/group-names.ts';
import type { GroupRule, Rule } from '../rule.ts';
import { groupRefOf } from './bridge-feed.ts';

/**
 * The consumer groups of the bridges that run. A reload does not change bridges, so their groups stay
 * as they were at the start, whatever the other configuration says about bridges.
 */
export class RunningGroups {
  readonly #targets = new Map<string, GroupTarget>();

  /** @param rules as they are at the start */
  constructor(bridges: readonly BridgeConfig[], rules: Rules) {
    for (const bridge of bridges) {
      if (bridge.direction === 'in') continue;
      const ref = groupRefOf(bridge);
      const rule = ruleOfGroup(rules.match(ref.channel)?.rule.groups ?? [], ref.group);
      if (rule === undefined) throw new Error(`the rule of "${ref.channel}" has no group for the bridge`);
      this.#targets.set(bridge.name, { ref, rule });
    }
  }

  /** The group of an outbound bridge. */
  of(bridge: string): GroupTarget {
    const target = this.#targets.get(bridge);
    if (target === undefined) throw new Error(`"${bridge}" is not an outbound bridge`);
    return target;
  }

  /** Other rules, with the groups of the bridges that run in place of those of the bridges that they were made for. */
  keptIn(rules: readonly Rule[]): readonly Rule[] {
    const kept = new Map<Rule, GroupRule[]>();
    for (const { ref, rule } of this.#targets.values()) {
      const governing = rules.find(({ pattern }) => matchPattern(pattern, ref.channel) !== null);
      // Without history there is nothing to send: the bridge waits, and says so.
      if (governing === undefined || governing.history === null) continue;
      kept.set(governing, [...(kept.get(governing) ?? []), rule]);
    }
    return rules.map((rule) => {
      const groups = rule.groups.filter(({ bridge }) => bridge === undefined);
      const own = kept.get(rule) ?? [];
      return groups.length === rule.groups.length && own.length === 0 ? rule : { ...rule, groups: [...groups, ...own] };
    });
  }
}
