import type { Session } from './session.ts';

/** How many there are of each. */
class Tally {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string): void {
    this.#counts.set(name, this.of(name) + 1);
  }

  remove(name: string): void {
    const left = this.of(name) - 1;
    if (left > 0) this.#counts.set(name, left);
    else this.#counts.delete(name);
  }
}

/** All sessions of this node. */
export class Registry {
  readonly #sessions = new Set<Session>();
  readonly users = new Tally();
  readonly addresses = new Tally();
  #whenEmpty: (() => void) | undefined;

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    this.#sessions.add(session);
    this.addresses.add(session.connection.address);
  }

  remove(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    this.addresses.remove(session.connection.address);
    if (session.identity.user !== null) this.users.remove(session.identity.user);
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
