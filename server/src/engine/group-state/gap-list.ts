import type { Position } from '@sluice/protocol';
import { type GroupGap, gapOf, MOST_GAPS, withoutGaps } from '../groups.ts';

/** The gaps of a group that are not confirmed, in the order in which they were found. */
export class GapList {
  #gaps: readonly GroupGap[];

  constructor(gaps: readonly GroupGap[] = []) {
    this.#gaps = gaps;
  }

  get all(): readonly GroupGap[] {
    return this.#gaps;
  }

  /** The log has a new epoch. */
  renewed(from: Position, to: Position): void {
    this.#add(gapOf(from, to));
  }

  /** Messages of an epoch are lost: one gap for those that follow each other. */
  lost(epoch: string, from: number, to: number): void {
    const last = this.#gaps.at(-1);
    const joins = last?.reason === 'retention' && last.to.epoch === epoch && last.to.offset === from;
    if (joins) this.#gaps = this.#gaps.slice(0, -1);
    this.#add(gapOf(joins ? last.from : { epoch, offset: from }, { epoch, offset: to }));
  }

  #add(gap: GroupGap): void {
    const [first, second, ...others] = this.#gaps;
    const isFull = second !== undefined && this.#gaps.length >= MOST_GAPS;
    this.#gaps = first !== undefined && isFull ? [join(first, second), ...others, gap] : [...this.#gaps, gap];
  }

  /** Consumers know of these gaps. What was lost since then stays. */
  confirm(confirmed: readonly GroupGap[]): void {
    if (this.#gaps.length > 0) this.#gaps = withoutGaps(this.#gaps, confirmed);
  }
}

/** One gap for two and everything in between. The epochs of the first are not later than those of the second. */
function join(first: GroupGap, second: GroupGap): GroupGap {
  const from =
    isSameEpoch(first.from, second.from) && second.from.offset < first.from.offset ? second.from : first.from;
  const to = isSameEpoch(first.to, second.to) && first.to.offset > second.to.offset ? first.to : second.to;
  return gapOf(from, to);
}

const isSameEpoch = (one: Position, other: Position): boolean => one.epoch === other.epoch;
