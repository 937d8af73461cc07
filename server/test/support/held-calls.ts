/** A call that waits until the test decides what comes of it. */
export interface HeldCall {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Carries it out and answers with what came of it. */
  pass(): void;
  /** Answers with an error; it is not carried out. */
  refuse(error: Error): void;
}

/**
 * Calls of a store's methods, as if the store were beyond a network: each can be delayed, rejected,
 * or lost, which is never to be answered.
 */
export class HeldCalls {
  readonly #waiting: HeldCall[] = [];
  /** What is called from here on is carried out at once. */
  open = false;

  /** Replaces these methods of an object. */
  hold<T extends object>(target: T, ...names: readonly (keyof T & string)[]): this {
    for (const name of names) {
      const method = (target[name] as (...args: unknown[]) => unknown).bind(target);
      Object.assign(target, {
        [name]: (...args: unknown[]) => (this.open ? method(...args) : this.#wait(name, args, () => method(...args))),
      });
    }
    return this;
  }

  #wait(name: string, args: readonly unknown[], work: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pass = () => resolve(work());
      this.#waiting.push({ name, args, pass, refuse: reject });
    });
  }

  get waiting(): readonly HeldCall[] {
    return this.#waiting;
  }

  /** The call that waits for longest: the test says what comes of it. */
  take(): HeldCall {
    const call = this.#waiting.shift();
    if (call === undefined) throw new Error('nothing was called');
    return call;
  }

  /** Lets everything through, now and from here on. */
  release(): void {
    this.open = true;
    for (const call of this.#waiting.splice(0)) call.pass();
  }
}
