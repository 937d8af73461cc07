/** A call that waits until the test decides its result. */
export interface HeldCall {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Executes the call and returns its result. */
  pass(): void;
  /** Rejects the call without executing it. */
  refuse(error: Error): void;
}

/**
 * Holds the calls of a store's methods, as if the store were remote: the test can delay, reject, or
 * never answer each call.
 */
export class HeldCalls {
  readonly #waiting: HeldCall[] = [];
  /** If set, calls are executed at once. */
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

  /** Removes and returns the oldest waiting call. */
  take(): HeldCall {
    const call = this.#waiting.shift();
    if (call === undefined) throw new Error('no call is waiting');
    return call;
  }

  /** Executes all waiting calls and all later ones. */
  release(): void {
    this.open = true;
    for (const call of this.#waiting.splice(0)) call.pass();
  }
}
