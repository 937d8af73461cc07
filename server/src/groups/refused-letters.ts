import type { GroupRef } from '../engine/groups.ts';
import type { Refusal } from '../refusal.ts';

/** Groups with refused letters that are remembered, and reasons of each. */
const MOST_GROUPS = 1_000;
const MOST_REASONS = 100;

interface RefusedOfGroup {
  readonly ref: GroupRef;
  /** Ordinal of the latest letter that was refused: all before it were tried. */
  upTo: number;
  /** By ordinal, the latest last. */
  readonly reasons: Map<number, Refusal>;
}

/**
 * Dead letters that their channel refuses for good. If there are too many groups, the one whose first
 * refusal is the oldest is forgotten: its letters are tried again with its next one.
 */
export class RefusedLetters {
  readonly #groups = new Map<string, RefusedOfGroup>();

  add(key: string, { ref, ordinal, refusal }: { ref: GroupRef; ordinal: number; refusal: Refusal }): void {
    const group = this.#groups.get(key) ?? { ref, upTo: 0, reasons: new Map<number, Refusal>() };
    this.#groups.set(key, group);
    group.upTo = ordinal;
    group.reasons.set(ordinal, refusal);
    forgetOldest(group.reasons, MOST_REASONS);
    forgetOldest(this.#groups, MOST_GROUPS);
  }

  /** Up to which ordinal the letters of a group were tried; 0: none of them was refused. */
  upTo(key: string): number {
    return this.#groups.get(key)?.upTo ?? 0;
  }

  refusalOf(key: string, ordinal: number): Refusal | undefined {
    return this.#groups.get(key)?.reasons.get(ordinal);
  }

  /** Forgets everything. Returns the groups that had refused letters. */
  clear(): readonly GroupRef[] {
    const refs = [...this.#groups.values()].map(({ ref }) => ref);
    this.#groups.clear();
    return refs;
  }
}

function forgetOldest<K>(map: Map<K, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
