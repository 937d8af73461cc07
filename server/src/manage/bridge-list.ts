import type { BridgeStatus } from '../bridges/bridge-status.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { OverAllNodes } from './types.ts';

/** A bridge over all nodes: the state is that of the node that runs it. */
export interface ListedBridge extends BridgeStatus {
  /** The node that runs it, or has failed to; `null`: none does at the moment. */
  readonly node: string | null;
}

/** The bridges of all nodes, by name. */
export interface BridgeReport extends OverAllNodes {
  readonly bridges: readonly ListedBridge[];
}

export interface BridgeListParts {
  readonly cluster: Pick<Cluster, 'ask' | 'answer'>;
  /** The bridges of this node. */
  readonly bridges: { status(): Promise<readonly BridgeStatus[]> };
}

type LocalBridge = BridgeStatus & { readonly node: string };

/** Lists the bridges of all nodes. It does not check permissions. */
export class BridgeList {
  readonly #cluster: BridgeListParts['cluster'];

  constructor({ cluster, bridges }: BridgeListParts) {
    this.#cluster = cluster;
    cluster.answer('manage.bridges', async () => ({ bridges: await bridges.status() }));
  }

  /** @throws EngineUnavailable */
  async report(): Promise<BridgeReport> {
    const { answers, missing } = await this.#cluster.ask<{ bridges: readonly BridgeStatus[] }>('manage.bridges', null);
    const byName = new Map<string, LocalBridge[]>();
    for (const { node, answer } of answers) {
      for (const bridge of answer.bridges) {
        byName.set(bridge.name, [...(byName.get(bridge.name) ?? []), { ...bridge, node }]);
      }
    }
    const bridges = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, local]) => mergeBridge(local));
    return missing.length === 0 ? { bridges } : { bridges, missing };
  }
}

/** The state that says most about the bridge comes first: one node runs it, the others stand by. */
const STATES: readonly BridgeStatus['state'][] = [
  ...(['running', 'holding', 'connecting', 'waiting', 'failed', 'stopped', 'standby'] as const),
];

/** One bridge, as its nodes know it. @param local at least one */
export function mergeBridge(local: readonly LocalBridge[]): ListedBridge {
  const [first, ...others] = local.toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  if (first === undefined) throw new RangeError('a bridge is known to at least one node');
  const latest = local.toSorted((a, b) => (b.errorTime ?? 0) - (a.errorTime ?? 0))[0] ?? first;
  const counts: Record<string, number> = { ...first.counts };
  for (const other of others) {
    for (const [outcome, count] of Object.entries(other.counts)) counts[outcome] = (counts[outcome] ?? 0) + count;
  }
  const isIdle = first.state === 'standby' || first.state === 'stopped';
  return { ...first, counts, node: isIdle ? null : first.node, error: latest.error, errorTime: latest.errorTime };
}
