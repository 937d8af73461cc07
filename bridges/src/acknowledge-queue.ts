import type { OpenSource, SourceRecord } from './source.ts';
import { unlessLost } from './unless-lost.ts';

/**
 * Acknowledges what a connection has read, while the next records are read and published: otherwise
 * each batch would wait for the broker twice. What is added meanwhile is acknowledged together.
 */
export class AcknowledgeQueue {
  readonly #open: OpenSource;
  readonly #most: number;
  readonly #onDone: () => void;
  #waiting: readonly SourceRecord[] = [];
  /** The call that is on its way. */
  #call: Promise<void> = Promise.resolve();
  /** Ends when nothing waits. */
  #latest: Promise<void> = Promise.resolve();
  #isBusy = false;
  /** Aborts with the error of a batch that cannot be acknowledged. */
  readonly #failed = new AbortController();

  /**
   * @param options.most records that may wait behind those that are on their way
   * @param options.onDone records were acknowledged
   */
  constructor(open: OpenSource, { most, onDone }: { readonly most: number; readonly onDone: () => void }) {
    this.#open = open;
    this.#most = most;
    this.#onDone = onDone;
  }

  /** Begins to acknowledge records, behind those before them. Waits if too many wait already. */
  async add(records: readonly SourceRecord[]): Promise<void> {
    this.#waiting = this.#waiting.length === 0 ? records : [...this.#waiting, ...records];
    if (!this.#isBusy) {
      this.#latest = this.#acknowledgeAll();
      this.#latest.catch((error: unknown) => this.#failed.abort(error));
    }
    while (this.#waiting.length >= this.#most) await this.#call;
  }

  /** After a failure it stays busy: nothing more is acknowledged. */
  async #acknowledgeAll(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      this.#call = this.#open.acknowledge(this.#waiting);
      this.#waiting = [];
      await this.#call;
      this.#onDone();
    }
    this.#isBusy = false;
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
