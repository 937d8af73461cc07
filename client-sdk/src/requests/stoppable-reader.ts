import { nothing } from '../timer.ts';

/** Reads an async iterable, and can be stopped while it waits for a value. */
export class StoppableReader {
  readonly #iterator: AsyncIterator<unknown>;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #interrupt: (error: unknown) => void = nothing;

  constructor(values: AsyncIterable<unknown>) {
    this.#iterator = values[Symbol.asyncIterator]();
  }

  /** Rejects with what the iterable throws, or with the error of `stop`. */
  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure.error;
      this.#interrupt = reject;
      this.#pull().then(resolve, reject);
    });
  }

  /** The `next` that is pending rejects, or the following one. The first error counts. */
  stop(error: unknown): void {
    this.#failure ??= { error };
    this.#interrupt(error);
  }

  /** Ends an iterable that is not over, like a loop that is left early. A generator that waits ends later. */
  async close(): Promise<void> {
    if (!this.#isOver) await this.#iterator.return?.();
  }

  async #pull(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#iterator.next();
      this.#isOver = !!result.done;
      return result;
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }
}
