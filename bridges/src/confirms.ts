import type { OnConfirmed } from './sink.ts';

/** Counts what a broker says about each record of a batch. */
export class Confirms {
  /** Resolves when every record is confirmed. Rejects once the broker has answered all, if it has refused one. */
  readonly all: Promise<void>;
  readonly #confirmed: OnConfirmed;
  #open: number;
  #refusal: Error | undefined;
  #resolve: () => void = () => {};
  #reject: (refusal: Error) => void = () => {};

  /** @param count records of the batch */
  constructor(count: number, confirmed: OnConfirmed = () => {}) {
    this.#open = count;
    this.#confirmed = confirmed;
    this.all = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.all.catch(() => {}); // the connection may be lost before, and nobody waits any more
  }

  /** The broker has confirmed the record at this index, or refused it. */
  add(at: number, refusal?: Error): void {
    this.#open--;
    this.#refusal ??= refusal;
    if (refusal === undefined) this.#confirmed(at);
    if (this.#open > 0) return;
    if (this.#refusal === undefined) this.#resolve();
    else this.#reject(this.#refusal);
  }
}
