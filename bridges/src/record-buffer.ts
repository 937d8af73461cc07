/** What a client has pushed and the runner has not read yet, for sources whose client calls back. The client bounds it. */
export class RecordBuffer<T> {
  #items: T[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(item: T): void {
    if (this.#failure !== undefined) return; // nobody takes it any more
    this.#items.push(item);
    this.#wake?.();
  }

  /** Nothing more comes: every `take` rejects from now on. Only the first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#items = []; // the broker delivers them again
    this.#wake?.();
  }

  /** Waits for at least one item, and takes at most `most`. */
  async take(most: number): Promise<readonly T[]> {
    while (this.#items.length === 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#items.splice(0, most);
  }
}
