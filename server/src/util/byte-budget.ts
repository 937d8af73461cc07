/** A number of bytes that several holders share. */
export class ByteBudget {
  readonly limit: number;
  readonly #whole: ByteBudget | undefined;
  #held = 0;

  /**
   * @param limit bytes; infinity: no limit
   * @param whole the budget that this one is part of: bytes reserved here are reserved there too
   */
  constructor(limit: number, whole?: ByteBudget) {
    this.limit = limit;
    this.#whole = whole;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#held;
  }

  /** Reserves bytes. Returns `false`, and reserves nothing, if too few are left. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.limit || this.#whole?.take(bytes) === false) return false;
    this.#held += bytes;
    return true;
  }

  /** Releases reserved bytes. */
  give(bytes: number): void {
    this.#held -= bytes;
    this.#whole?.give(bytes);
  }
}
