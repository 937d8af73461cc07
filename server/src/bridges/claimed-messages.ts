import type { Delivery, GroupGap } from '../engine/groups.ts';

/** Messages of one epoch, and the gaps before them. */
interface Part {
  gaps: readonly GroupGap[];
  epoch: string;
  deliveries: readonly Delivery[];
}

/** What an outbound bridge has claimed and not begun to send, in order. */
export class ClaimedMessages {
  #parts: Part[] = [];
  #length = 0;
  #size = 0;

  /** Messages that wait. */
  get length(): number {
    return this.#length;
  }

  /** Their characters as JSON. */
  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** Adds a gap, behind everything that waits. */
  addGap(gap: GroupGap): void {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.deliveries.length === 0) last.gaps = [...last.gaps, gap];
    else this.#parts.push({ gaps: [gap], epoch: '', deliveries: [] });
  }

  add(epoch: string, deliveries: readonly Delivery[]): void {
    this.#length += deliveries.length;
    this.#size += sizeOf(deliveries);
    const last = this.#parts.at(-1);
    if (last === undefined || (last.deliveries.length > 0 && last.epoch !== epoch)) {
      this.#parts.push({ gaps: [], epoch, deliveries });
    } else {
      last.epoch = epoch;
      last.deliveries = [...last.deliveries, ...deliveries];
    }
  }

  /**
   * Removes the first messages, with the gaps before them.
   *
   * @param longest maximum characters as JSON, unless the first message has more
   */
  take(most: number, longest = Number.POSITIVE_INFINITY): Readonly<Part> {
    const [first] = this.#parts;
    if (first === undefined) return { gaps: [], epoch: '', deliveries: [] };
    const { gaps, epoch, deliveries } = first;
    const taken = deliveries.slice(0, Math.min(most, fitting(deliveries, longest)));
    this.#length -= taken.length;
    this.#size -= sizeOf(taken);
    first.gaps = [];
    first.deliveries = deliveries.slice(taken.length);
    if (first.deliveries.length === 0) this.#parts.shift();
    return { gaps, epoch, deliveries: taken };
  }
}

const sizeOf = (deliveries: readonly Delivery[]): number =>
  deliveries.reduce((size, { message }) => size + message.json.length, 0);

/** How many of the first deliveries have at most `longest` characters together; at least one. */
function fitting(deliveries: readonly Delivery[], longest: number): number {
  let size = 0;
  const first = deliveries.findIndex(({ message }) => {
    size += message.json.length;
    return size > longest;
  });
  return first === -1 ? deliveries.length : Math.max(1, first);
}
