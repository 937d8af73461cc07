import { unlessLost } from './unless-lost.ts';

export interface SendWindowLimits {
  /** Maximum number of records that are sent and not acknowledged. */
  readonly most: number;
  /** Maximum number of records of one batch. */
  readonly batch: number;
}

export interface SentBatch {
  /** Number of its records. */
  readonly count: number;
  /** Resolves when the broker has confirmed all of them. */
  readonly confirmed: Promise<void>;
  /** Called once they are confirmed, and the batches before are acknowledged. */
  readonly acknowledge: () => Promise<void>;
}

/** Batches on their way to a broker. They are acknowledged in the order in which they were sent. */
export class SendWindow {
  readonly #limits: SendWindowLimits;
  readonly #failure = new AbortController();
  #unconfirmed = 0;
  /** Has a batch failed? Nothing is sent behind it; those before it are still acknowledged. */
  #isBroken = false;
  #latest: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(limits: SendWindowLimits) {
    this.#limits = limits;
  }

  /** Waits until another batch has room. Rejects if one has failed. */
  async room(): Promise<void> {
    const { most, batch } = this.#limits;
    while (this.#isBroken || (this.#unconfirmed > 0 && this.#unconfirmed + batch > most)) {
      await this.orFail(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      );
    }
  }

  /** Adds a batch that was sent. */
  add({ count, confirmed, acknowledge }: SentBatch): void {
    this.#unconfirmed += count;
    confirmed.catch(() => {
      this.#isBroken = true;
    });
    const before = this.#latest;
    const finish = async () => {
      await before;
      await confirmed;
      await acknowledge();
      this.#unconfirmed -= count;
      this.#wake?.();
    };
    this.#latest = finish();
    this.#latest.catch((error: unknown) => this.#failure.abort(error));
  }

  /** Waits for something else, or rejects if a batch has failed. */
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
