import type { GroupGap } from '../groups.ts';

const NO_GAPS: readonly GroupGap[] = [];

/** The gaps of a group that no claim has returned yet, in order. */
export class GapList {
  #gaps: GroupGap[];

  constructor(gaps: readonly GroupGap[] = NO_GAPS) {
    this.#gaps = [...gaps];
  }

  get all(): readonly GroupGap[] {
    return this.#gaps;
  }

  /** The log has a new epoch. */
  renewed(from: GroupGap['from'], to: GroupGap['to']): void {
    this.#gaps.push({ from, to, reason: 'epoch_changed' });
  }

  /** Messages of an epoch are lost: one gap for those that follow each other. */
  lost(epoch: string, from: number, to: number): void {
    const last = this.#gaps.at(-1);
    const joins = last?.reason === 'retention' && last.to.epoch === epoch && last.to.offset === from;
    if (joins) this.#gaps.pop();
    const start = joins ? last.from : { epoch, offset: from };
    this.#gaps.push({ from: start, to: { epoch, offset: to }, reason: 'retention' });
  }

  take(): readonly GroupGap[] {
    if (this.#gaps.length === 0) return NO_GAPS;
    const gaps = this.#gaps;
    this.#gaps = [];
    return gaps;
  }
}
