/** What a client has pushed and the runner has not read yet, for sources whose client calls back. The client bounds it, or waits for `room`. */
export class RecordBuffer<T> {
  #items: T[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #onTaken: (() => void) | undefined;

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
    this.#onTaken?.();
  }

  /** Waits for at least one item, and takes at most `most`. */
  async take(most: number): Promise<readonly T[]> {
    while (this.#items.length === 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    const taken = this.#items.splice(0, most);
    this.#onTaken?.();
    return taken;
  }

  /** Waits until fewer items than this wait, or the failure. */
  async room(most: number): Promise<void> {
    while (this.#items.length >= most) {
      await new Promise<void>((resolve) => {
        this.#onTaken = resolve;
      });
    }
  }
}
