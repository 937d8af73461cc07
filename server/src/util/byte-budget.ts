/** Bytes that many may hold together: nobody gets more than are left. */
export class ByteBudget {
  readonly limit: number;
  #held = 0;

  /** @param limit bytes; infinity: no limit */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#held;
  }

  /** Takes bytes; `false`, and nothing is taken, where so many are not left. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.limit) return false;
    this.#held += bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#held -= bytes;
  }
}
