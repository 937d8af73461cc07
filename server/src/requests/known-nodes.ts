import type { RespondingNode } from '../engine/nodes.ts';

/** A node with responders of a channel, as another node knows it. */
export interface KnownNode {
  readonly address: string;
  capacity: number;
  /** Open requests that this node has sent there. */
  mine: number;
  /** Open requests of other nodes there, as it reported last. */
  others: number;
}

/** The nodes with responders of one channel. */
export class KnownNodes {
  readonly #nodes = new Map<string, KnownNode>();
  /** By the monotonic clock. */
  freshUntil = Number.NEGATIVE_INFINITY;

  /** Adopts the current offers. Nodes with open requests stay known, but get no more. */
  update(offers: readonly RespondingNode[], freshUntil: number): void {
    this.freshUntil = freshUntil;
    for (const node of this.#nodes.values()) node.capacity = 0;
    for (const { node: address, capacity } of offers) this.#node(address).capacity = capacity;
    for (const [address, { capacity, mine }] of this.#nodes) {
      if (capacity === 0 && mine === 0) this.#nodes.delete(address);
    }
  }

  #node(address: string): KnownNode {
    const known = this.#nodes.get(address);
    if (known !== undefined) return known;
    const node = { address, capacity: 0, mine: 0, others: 0 };
    this.#nodes.set(address, node);
    return node;
  }

  /** The node with the least load for its capacity that has not been tried. */
  choose(tried: ReadonlySet<string>): KnownNode | undefined {
    let best: KnownNode | undefined;
    for (const node of this.#nodes.values()) {
      if (node.capacity === 0 || tried.has(node.address)) continue;
      if (best === undefined || loadOf(node) < loadOf(best)) best = node;
    }
    return best;
  }

  /** Does this node have open requests anywhere? */
  get isUsed(): boolean {
    for (const { mine } of this.#nodes.values()) if (mine > 0) return true;
    return false;
  }
}

/** The part of its capacity that is in use. */
export const loadOf = ({ mine, others, capacity }: Omit<KnownNode, 'address'>): number => (mine + others) / capacity;
