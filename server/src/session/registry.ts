import type { Session } from './session.ts';

/** All sessions of this node. */
export class Registry {
  readonly #sessions = new Set<Session>();
  #whenEmpty: (() => void) | undefined;

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    this.#sessions.add(session);
  }

  remove(session: Session): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#whenEmpty?.();
  }

  /** The sessions as they stand now. */
  all(): readonly Session[] {
    return [...this.#sessions];
  }

  /** Resolves as soon as no session is left. */
  emptied(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
    });
  }
}
