import type { Rules } from '../channels/rules.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { GroupRef } from '../engine/groups.ts';
import type { Groups } from '../groups/groups.ts';
import { type ListedGroup, listGroups } from '../groups/list-groups.ts';
import type { OverAllNodes } from './types.ts';

/** The consumer groups that the nodes have used lately. */
export interface GroupReport extends OverAllNodes {
  /** By channel and name; at most 500. */
  readonly groups: readonly ListedGroup[];
  /** More groups than are listed. */
  readonly more: number;
}

/** Groups that a report lists: each is one question to the engine. */
const MOST = 500;

export interface GroupListParts {
  readonly cluster: Pick<Cluster, 'ask' | 'answer'>;
  readonly rules: Rules;
  /** `undefined`: the engine has no groups. */
  readonly groups: Groups | undefined;
}

/** Lists the consumer groups of all nodes. It does not check permissions. */
export class GroupList {
  readonly #parts: GroupListParts;

  constructor(parts: GroupListParts) {
    this.#parts = parts;
    parts.cluster.answer('manage.groups', () => ({ refs: parts.groups?.known ?? [] }));
  }

  /** @throws EngineUnavailable */
  async report(): Promise<GroupReport> {
    const { cluster, rules, groups } = this.#parts;
    const { answers, missing } = await cluster.ask<{ refs: readonly GroupRef[] }>('manage.groups', null);
    const refs = new Map(answers.flatMap(({ answer }) => answer.refs.map((ref) => [keyOf(ref), ref])));
    const sorted = [...refs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
    const listed =
      groups === undefined
        ? []
        : await listGroups(sorted.slice(0, MOST), { store: groups.store, rules, clock: groups.clock });
    const more = Math.max(0, sorted.length - MOST);
    return missing.length === 0 ? { groups: listed, more } : { groups: listed, more, missing };
  }
}

const keyOf = ({ channel, group }: GroupRef): string => `${channel} ${group}`;
