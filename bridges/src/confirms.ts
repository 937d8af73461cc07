/** Counts what a broker says about each record of a batch. */
export class Confirms {
  /** Resolves when every record is confirmed. Rejects once the broker has answered all, if it has refused one. */
  readonly all: Promise<void>;
  #open: number;
  #refusal: Error | undefined;
  #resolve: () => void = () => {};
  #reject: (refusal: Error) => void = () => {};

  /** @param count records of the batch */
  constructor(count: number) {
    this.#open = count;
    this.all = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The broker has confirmed a record, or refused it. */
  add(refusal?: Error): void {
    this.#open--;
    this.#refusal ??= refusal;
    if (this.#open > 0) return;
    if (this.#refusal === undefined) this.#resolve();
    else this.#reject(this.#refusal);
  }
}
