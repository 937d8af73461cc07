import type { Position } from '@sluice/protocol';
import { type GroupGap, gapOf, MOST_GAPS, withoutGaps } from '../groups.ts';
import type { GroupLog } from './operation.ts';

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

  /** Messages of a log are lost: one gap for those that follow each other and were lost in the same way. */
  lost({ epoch, purged }: Pick<GroupLog, 'epoch' | 'purged'>, from: number, to: number): void {
    const gap = gapOf({ epoch, offset: from }, { epoch, offset: to }, from < purged);
    const last = this.#gaps.at(-1);
    const joins = last?.reason === gap.reason && last.to.epoch === epoch && last.to.offset === from;
    if (joins) this.#gaps = this.#gaps.slice(0, -1);
    this.#add(joins ? { ...gap, from: last.from } : gap);
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
  return gapOf(from, to, first.reason === 'purged' && second.reason === 'purged');
}

const isSameEpoch = (one: Position, other: Position): boolean => one.epoch === other.epoch;
