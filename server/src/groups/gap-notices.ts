import { type GroupGap, withoutGaps } from '../engine/groups.ts';
import type { Receiver } from './receiver.ts';

interface Notice {
  readonly gap: GroupGap;
  readonly receiver: Receiver;
}

/** The gaps that receivers of this node were notified of, and that are not confirmed. Claims return them, too. */
export class GapNotices {
  #notices: Notice[] = [];

  /** What no receiver was notified of. */
  newOf(gaps: readonly GroupGap[]): readonly GroupGap[] {
    if (gaps.length === 0 || this.#notices.length === 0) return gaps;
    return withoutGaps(
      gaps,
      this.#notices.map(({ gap }) => gap),
    );
  }

  add(gap: GroupGap, receiver: Receiver): void {
    this.#notices.push({ gap, receiver });
  }

  /** They are confirmed. */
  remove(gaps: readonly GroupGap[]): void {
    this.#notices = this.#notices.filter(({ gap }) => !gaps.includes(gap));
  }

  /** A receiver has gone: another one must be notified. Returns whether there are gaps that it did not confirm. */
  forget(gone: Receiver): boolean {
    const { length } = this.#notices;
    if (length > 0) this.#notices = this.#notices.filter(({ receiver }) => receiver !== gone);
    return this.#notices.length < length;
  }
}
