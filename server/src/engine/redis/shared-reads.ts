interface Reading {
  sent: boolean;
  readonly answer: Promise<unknown>;
  next: Promise<unknown> | undefined;
}

/**
 * Lets those who ask the same at the same time share one answer. Nobody gets an answer that was on its way before they asked: it
 * might not know yet what they know.
 */
export class SharedReads {
  readonly #readings = new Map<string, Reading>();

  /** @param what says what is read: who says the same may get the same */
  share<T>(what: string, read: () => Promise<T>): Promise<T> {
    const reading = this.#readings.get(what);
    if (reading === undefined) return this.#begin(what, read);
    if (!reading.sent) return reading.answer as Promise<T>;
    const after = () => this.#begin(what, read);
    reading.next ??= reading.answer.then(after, after);
    return reading.next as Promise<T>;
  }

  /** Asks at the end of this go, so that all who ask in it share the answer. */
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
