import type { Cancel } from './timer.ts';

/** Reports an error of the application as uncaught. Node has no `reportError`. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * Runs a handler of the application. Errors that it throws are reported, and do not stop other
 * handlers.
 *
 * @returns what the handler returned; `undefined` if there is none, or if it threw
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

/** Options of a listener. */
export interface ListenOptions {
  /**
   * Whether the listener does not count: what no other listener receives still goes to the console.
   * Default: `false`.
   */
  readonly passive?: boolean;
}

interface Entry<Events> extends ListenOptions {
  readonly name: keyof Events;
  readonly handler: (value: never) => void;
}

/** Named events with typed values. `Events` maps each name to the value that its handlers receive. */
export class Emitter<Events> {
  readonly #entries = new Set<Entry<Events>>();

  /** Adds a handler and returns the function that removes it. */
  on<Name extends keyof Events>(name: Name, handler: (value: Events[Name]) => void, options?: ListenOptions): Cancel {
    const entry = { ...options, name, handler };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** Is there a listener that counts? */
  heeds(name: keyof Events): boolean {
    return [...this.#entries].some((entry) => entry.name === name && !entry.passive);
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const entry of [...this.#entries]) {
      if (entry.name === name) guard(entry.handler as (value: Events[Name]) => void, value);
    }
  }
}
