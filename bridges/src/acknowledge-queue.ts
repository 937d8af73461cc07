import type { OpenSource, SourceRecord } from './source.ts';

/**
 * Acknowledges what a connection has read, one batch after the other. A batch is acknowledged while
 * the next one is read and published: otherwise each batch would wait for the broker twice.
 */
export class AcknowledgeQueue {
  readonly #open: OpenSource;
  #latest: Promise<void> = Promise.resolve();
  #fail: (error: unknown) => void = () => {};
  readonly #failed: Promise<never>;

  constructor(open: OpenSource) {
    this.#open = open;
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {}); // `orFail` reports the error
  }

  /** Begins to acknowledge records, once those before them are acknowledged. */
  async add(records: readonly SourceRecord[]): Promise<void> {
    await this.#latest;
    this.#latest = this.#open.acknowledge(records);
    this.#latest.catch((error: unknown) => this.#fail(error));
  }

  /** Waits until everything is acknowledged. */
  done(): Promise<void> {
    return this.#latest;
  }

  /** Waits for something else, or rejects if a batch cannot be acknowledged. */
  orFail<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed]);
  }
}
