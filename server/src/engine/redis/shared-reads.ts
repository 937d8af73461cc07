interface Reading {
  sent: boolean;
  readonly answer: Promise<unknown>;
  next: Promise<unknown> | undefined;
}

/**
 * Lets callers that read the same at the same time share one answer. No caller gets an answer that
 * was requested before its call, because that answer might be older than what the caller knows.
 */
export class SharedReads {
  readonly #readings = new Map<string, Reading>();

  /** @param what identifies the read: equal ones may share an answer */
  share<T>(what: string, read: () => Promise<T>): Promise<T> {
    const reading = this.#readings.get(what);
    if (reading === undefined) return this.#begin(what, read);
    if (!reading.sent) return reading.answer as Promise<T>;
    const after = () => this.#begin(what, read);
    reading.next ??= reading.answer.then(after, after);
    return reading.next as Promise<T>;
  }

  /** Reads at the end of this turn, so that all callers in it share the answer. */
  #begin<T>(what: string, read: () => Promise<T>): Promise<T> {
    const answer = Promise.resolve().then(() => {
      reading.sent = true;
      return read();
    });
    const reading: Reading = { sent: false, answer, next: undefined };
    this.#readings.set(what, reading);
    const done = () => {
      if (this.#readings.get(what) === reading && reading.next === undefined) this.#readings.delete(what);
    };
    answer.then(done, done);
    return answer;
  }
}
