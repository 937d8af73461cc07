import { unlessLost } from './unless-lost.ts';

export interface SendWindowLimits {
  /** Maximum number of records that are sent and not acknowledged. */
  readonly most: number;
  /** Maximum number of records of one batch. */
  readonly batch: number;
  /** The same in bytes. A batch of one record may be larger. */
  readonly mostBytes: number;
  readonly batchBytes: number;
}

export interface SentBatch {
  /** Number of its records, and their bytes. */
  readonly count: number;
  readonly bytes: number;
  /** Resolves when the broker has confirmed all of them. */
  readonly confirmed: Promise<void>;
  /** Called once they are confirmed, and the batches before are acknowledged. */
  readonly acknowledge: () => Promise<void>;
  /** Called instead if it has failed. */
  readonly failed: () => Promise<void>;
}

/** Batches on their way to a broker. They are acknowledged in the order in which they were sent. */
export class SendWindow {
  readonly #limits: () => SendWindowLimits;
  readonly #failure = new AbortController();
  #unconfirmed = 0;
  #bytes = 0;
  /** Has a batch failed? Nothing is sent behind it; those before it are still acknowledged. */
  #isBroken = false;
  #lost: { readonly error: unknown } | undefined;
  #latest: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  /** @param limits at the moment */
  constructor(limits: () => SendWindowLimits) {
    this.#limits = limits;
  }

  /** Waits until another batch has room. Rejects if one has failed. */
  async room(): Promise<void> {
    while (this.#isBroken || this.#isFull) {
      await this.orFail(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      );
    }
  }

  get #isFull(): boolean {
    const { most, batch, mostBytes, batchBytes } = this.#limits();
    if (this.#unconfirmed === 0) return false;
    return this.#unconfirmed + batch > most || this.#bytes + batchBytes > mostBytes;
  }

  /** Adds a batch that was sent. */
  add({ count, bytes, confirmed, acknowledge, failed }: SentBatch): void {
    this.#unconfirmed += count;
    this.#bytes += bytes;
    confirmed.catch(() => {
      this.#isBroken = true;
    });
    const before = this.#latest;
    const finish = async () => {
      await before;
      try {
        await confirmed;
      } catch (error) {
        await failed().catch(() => {}); // then more is sent again
        throw error;
      }
      await acknowledge();
      this.#unconfirmed -= count;
      this.#bytes -= bytes;
      this.#failIfLost();
      this.#wake?.();
    };
    this.#latest = finish();
    this.#latest.catch((error: unknown) => this.#failure.abort(error));
  }

  /** The connection is lost: what was sent fails, or is confirmed, and nothing is sent any more. */
  lose(error: unknown): void {
    this.#isBroken = true;
    this.#lost = { error };
    this.#failIfLost();
  }

  #failIfLost(): void {
    if (this.#lost !== undefined && this.#unconfirmed === 0) this.#failure.abort(this.#lost.error);
  }

  /** Waits for something else, or rejects if a batch has failed, or the connection. */
  async orFail<T>(work: Promise<T>): Promise<T> {
    const result = await unlessLost(this.#failure.signal, work);
    if (this.#isBroken) await this.done();
    return result;
  }

  /** Waits until everything is acknowledged. */
  done(): Promise<void> {
    return this.#latest;
  }
}
