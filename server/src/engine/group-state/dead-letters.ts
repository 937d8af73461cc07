import { type DeadLetter, type DeadPage, MOST_DEAD } from '../groups.ts';

/** The dead letters of a group, in the order in which they died. */
export class DeadLetters {
  readonly #letters = new Map<number, DeadLetter>();
  #ordinal: number;

  constructor(letters: readonly DeadLetter[] = [], ordinal = 0) {
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

  add(letter: Omit<DeadLetter, 'ordinal'>): DeadLetter {
    const added = { ...letter, ordinal: ++this.#ordinal };
    this.#letters.set(added.ordinal, added);
    return added;
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

  /** Removes letters. Returns those that were there. */
  take(ordinals: readonly number[]): DeadLetter[] {
    const taken: DeadLetter[] = [];
    for (const ordinal of ordinals) {
      const letter = this.#letters.get(ordinal);
      if (letter === undefined) continue;
      this.#letters.delete(ordinal);
      taken.push(letter);
    }
    return taken;
  }
}
