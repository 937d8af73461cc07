import type { OpenSource, SourceRecord } from './source.ts';
import { unlessLost } from './unless-lost.ts';

/**
 * Acknowledges what a connection has read, one batch after the other. A batch is acknowledged while
 * the next one is read and published: otherwise each batch would wait for the broker twice.
 */
export class AcknowledgeQueue {
  readonly #open: OpenSource;
  readonly #onDone: () => void;
  #latest: Promise<void> = Promise.resolve();
  /** Aborts with the error of a batch that cannot be acknowledged. */
  readonly #failed = new AbortController();

  /** @param onDone a batch was acknowledged */
  constructor(open: OpenSource, onDone: () => void) {
    this.#open = open;
    this.#onDone = onDone;
  }

  /** Begins to acknowledge records, once those before them are acknowledged. */
  async add(records: readonly SourceRecord[]): Promise<void> {
    await this.#latest;
    this.#latest = this.#open.acknowledge(records);
    this.#latest.then(this.#onDone, (error: unknown) => this.#failed.abort(error));
  }

  /** Waits until everything is acknowledged. */
  done(): Promise<void> {
    return this.#latest;
  }

  /** Waits for something else, or rejects if a batch cannot be acknowledged. */
  orFail<T>(work: Promise<T>): Promise<T> {
    return unlessLost(this.#failed.signal, work);
  }
}
