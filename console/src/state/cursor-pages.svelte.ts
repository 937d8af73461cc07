/** Which page of a list is shown. Each page names the cursor of the next one. */
export class CursorPages<C extends string | number> {
  #cursors = $state.raw<readonly (C | undefined)[]>([undefined]);

  /** `undefined`: the first page. */
  get cursor(): C | undefined {
    return this.#cursors.at(-1);
  }

  get isFirst(): boolean {
    return this.#cursors.length === 1;
  }

  forward(next: C): void {
    this.#cursors = [...this.#cursors, next];
  }

  back(): void {
    if (!this.isFirst) this.#cursors = this.#cursors.slice(0, -1);
  }

  /** Returns to the first page: the list is another one. */
  reset(): void {
    this.#cursors = [undefined];
  }
}
