import type { Cancel } from './timer.ts';

/**
 * Runs a handler of the application. What it throws is reported the way the platform reports an uncaught error, and
 * never stops the other handlers.
 */
export function guard<Args extends unknown[]>(handler: ((...args: Args) => void) | undefined, ...args: Args): void {
  try {
    handler?.(...args);
  } catch (error) {
    // Node 20 has no reportError; thrown from a microtask it reaches `uncaughtException`, as from any event handler.
    if (typeof reportError === 'function') reportError(error);
    else
      queueMicrotask(() => {
        throw error;
      });
  }
}

/** Named events with typed values. `Events` maps each name to what its handlers are given. */
export class Emitter<Events> {
  readonly #entries = new Set<{ readonly name: keyof Events; readonly handler: (value: never) => void }>();

  /** Adds a handler and returns the function that removes it. */
  on<Name extends keyof Events>(name: Name, handler: (value: Events[Name]) => void): Cancel {
    const entry = { name, handler };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const entry of [...this.#entries]) {
      if (entry.name === name) guard(entry.handler as (value: Events[Name]) => void, value);
    }
  }
}
