import type { GroupRef } from '../engine/groups.ts';

/** Groups that are remembered for the metrics. */
const MOST_KNOWN = 1_000;

/** The groups that were used on this node lately. */
export class KnownGroups {
  readonly #isConsumed: (ref: GroupRef) => boolean;
  readonly #most: number;
  /** The latest last. */
  readonly #known = new Map<string, GroupRef>();

  /** @param isConsumed groups with consumers on this node are not forgotten */
  constructor(isConsumed: (ref: GroupRef) => boolean, most = MOST_KNOWN) {
    this.#isConsumed = isConsumed;
    this.#most = most;
  }

  get all(): readonly GroupRef[] {
    return [...this.#known.values()];
  }

  /** A group is used. */
  note(ref: GroupRef): void {
    const key = `${ref.channel} ${ref.group}`; // a channel name has no space
    if (!this.#known.delete(key) && this.#known.size >= this.#most) this.#forgetOne();
    this.#known.set(key, ref);
  }

  /** Forgets the group that was used longest ago. Consumed groups become the latest, so the search is short. */
  #forgetOne(): void {
    for (const [key, ref] of [...this.#known]) {
      this.#known.delete(key);
      if (!this.#isConsumed(ref)) return;
      this.#known.set(key, ref);
    }
  }
}
