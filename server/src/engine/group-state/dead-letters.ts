import { type DeadLetter, type DeadPage, MOST_DEAD } from '../groups.ts';
import type { GroupObserver } from './operation.ts';

/** The dead letters of a group, in the order in which they died. */
export class DeadLetters {
  readonly #letters = new Map<number, DeadLetter>();
  #ordinal: number;

  readonly #changed: GroupObserver['letter'] | undefined;

  /** @param changed called with each letter that is added or removed */
  constructor(letters: readonly DeadLetter[] = [], ordinal = 0, changed?: GroupObserver['letter']) {
    this.#changed = changed;
    for (const letter of letters) this.#letters.set(letter.ordinal, letter);
    this.#ordinal = ordinal;
  }

  get size(): number {
    return this.#letters.size;
  }

  /** Ordinal of the latest one. */
  get ordinal(): number {
    return this.#ordinal;
  }

  get isFull(): boolean {
    return this.#letters.size >= MOST_DEAD;
  }

  get(ordinal: number): DeadLetter | undefined {
    return this.#letters.get(ordinal);
  }

  add(letter: Omit<DeadLetter, 'ordinal'>): void {
    const added = { ...letter, ordinal: ++this.#ordinal };
    this.#letters.set(added.ordinal, added);
    this.#changed?.(added.ordinal, added);
  }

  page(after: number, limit: number): DeadPage {
    const letters: DeadLetter[] = [];
    for (const letter of this.#letters.values()) {
      if (letters.length >= limit) break;
      if (letter.ordinal > after) letters.push(letter);
    }
    return { letters, total: this.size };
  }

  get ordinals(): readonly number[] {
    return [...this.#letters.keys()];
  }

  /** Removes letters. Returns how many there were. */
  remove(ordinals: readonly number[]): number {
    const known = ordinals.filter((ordinal) => this.#letters.delete(ordinal));
    for (const ordinal of known) this.#changed?.(ordinal, null);
    return known.length;
  }
}
