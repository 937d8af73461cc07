import { nanoid } from 'nanoid';

/** Message ids: unique by the prefix of this run, and numbered, so that a number can stand for an id. */
export class Ids {
  readonly #prefix = `${nanoid(10)}-`;
  #latest = 0;

  readonly next = (): string => `${this.#prefix}${(++this.#latest).toString(36)}`;

  /** The number of the id that was made last; 0: there was none. */
  get latest(): number {
    return this.#latest;
  }

  /** The number of an id; `undefined` if this run has not made it. */
  numberOf(id: string): number | undefined {
    if (!id.startsWith(this.#prefix)) return undefined;
    const digits = id.slice(this.#prefix.length);
    const number = Number.parseInt(digits, 36);
    return number >= 1 && number <= this.#latest && number.toString(36) === digits ? number : undefined;
  }
}
