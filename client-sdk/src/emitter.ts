import type { Cancel } from './timer.ts';

/** Reports what the application's code threw as the platform reports an uncaught error; `reportError` is not in Node. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * Runs a handler of the application. What it throws is reported, and never stops the other handlers.
 *
 * @returns what the handler returned; `undefined` where there is none, or where it threw
 */
export function guard<Args extends unknown[], Result>(
  handler: ((...args: Args) => Result) | undefined,
  ...args: Args
): Result | undefined {
  try {
    return handler?.(...args);
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** How a handler listens. */
export interface ListenOptions {
  /** Do not count as a listener: what nobody else hears still goes to the console. Default `false`. */
  readonly passive?: boolean;
}

interface Entry<Events> extends ListenOptions {
  readonly name: keyof Events;
  readonly handler: (value: never) => void;
}

/** Named events with typed values. `Events` maps each name to what its handlers are given. */
export class Emitter<Events> {
  readonly #entries = new Set<Entry<Events>>();

  /** Adds a handler and returns the function that removes it. */
  on<Name extends keyof Events>(name: Name, handler: (value: Events[Name]) => void, options?: ListenOptions): Cancel {
    const entry = { ...options, name, handler };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** Does anybody listen who counts? */
  heeds(name: keyof Events): boolean {
    return [...this.#entries].some((entry) => entry.name === name && !entry.passive);
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const entry of [...this.#entries]) {
      if (entry.name === name) guard(entry.handler as (value: Events[Name]) => void, value);
    }
  }
}
