/** Bytes that many may hold together: nobody gets more than are left. */
export class ByteBudget {
  readonly limit: number;
  readonly #whole: ByteBudget | undefined;
  #held = 0;

  /**
   * @param limit bytes; infinity: no limit
   * @param whole the budget that this one is a part of: what is taken here is taken there, too
   */
  constructor(limit: number, whole?: ByteBudget) {
    this.limit = limit;
    this.#whole = whole;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#held;
  }

  /** Takes bytes; `false`, and nothing is taken, where so many are not left. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.limit || this.#whole?.take(bytes) === false) return false;
    this.#held += bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#held -= bytes;
    this.#whole?.give(bytes);
  }
}
