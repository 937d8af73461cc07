import type { ErrorName, Push } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import type { EndReason, Standing } from '../channels/standing.ts';
import type { Standings } from '../channels/standings.ts';
import type { Connection } from '../transport/connection.ts';
import type { SessionState } from './session-state.ts';

/** A session, as seen by what handles all sessions. */
export interface Registered {
  readonly connection: Connection;
  readonly identity: Identity;
  readonly state: SessionState;
  readonly standings: Standings;
  /** Ends what it holds; see `Standing.end`. */
  end(standing: Standing, reason: EndReason): void | Promise<void>;
  push(push: Push): void;
  /** Closes with an entry of the catalogue; what waits is sent first. */
  close(error: ErrorName, detail?: string): void;
  /** The wall clock was set. */
  clockSet(): void;
}

/** Counts by name. */
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
  readonly #sessions = new Set<Registered>();
  readonly users = new Tally();
  readonly addresses = new Tally();
  #whenEmpty: (() => void) | undefined;

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Registered): void {
    this.#sessions.add(session);
    this.addresses.add(session.connection.address);
  }

  remove(session: Registered): void {
    if (!this.#sessions.delete(session)) return;
    this.addresses.remove(session.connection.address);
    if (session.identity.user !== null) this.users.remove(session.identity.user);
    if (this.#sessions.size === 0) this.#whenEmpty?.();
  }

  /** A snapshot of the sessions. */
  all(): readonly Registered[] {
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
