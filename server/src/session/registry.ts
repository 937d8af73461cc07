import type { ErrorName, Push } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import type { EndReason, Standing } from '../channels/standing.ts';
import type { Standings } from '../channels/standings.ts';
import type { Connection } from '../transport/connection.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { SortedList } from '../util/sorted-list.ts';
import { Tally } from '../util/tally.ts';
import type { BackendOutcome, BackendSubscription } from './backend-outcome.ts';
import type { SessionState } from './session-state.ts';

/** A session, as seen by what handles all sessions. */
export interface Registered {
  readonly connection: Connection;
  readonly identity: Identity;
  readonly state: SessionState;
  readonly standings: Standings;
  /** When the connection was opened, by the monotonic clock in milliseconds. */
  readonly openedAt: number;
  /** Ends what it holds; see `Standing.end`. */
  end(standing: Standing, reason: EndReason, message?: string): void | Promise<void>;
  push(push: Push): void;
  /** Subscribes it to a channel for the backend. */
  subscribe(wish: BackendSubscription): NowOrLater<BackendOutcome>;
  /** The backend no longer subscribes it to these channels. What it holds of them stays. */
  withdraw(matches: (channel: string) => boolean): void;
  /** Closes with an entry of the catalogue; what waits is sent first. */
  close(error: ErrorName, detail?: string): void;
  /** The wall clock was set. */
  clockSet(): void;
}

/** The sessions of each user. Most users have one, which needs no set of its own. */
class UserSessions {
  readonly #sessions = new Map<string, Registered | Set<Registered>>();

  /** How many users have sessions. */
  get size(): number {
    return this.#sessions.size;
  }

  /** How many sessions the user has. */
  of(user: string): number {
    const found = this.#sessions.get(user);
    if (found === undefined) return 0;
    return found instanceof Set ? found.size : 1;
  }

  /** A snapshot of the user's sessions. */
  all(user: string): readonly Registered[] {
    const found = this.#sessions.get(user);
    if (found === undefined) return [];
    return found instanceof Set ? [...found] : [found];
  }

  add(user: string, session: Registered): void {
    const found = this.#sessions.get(user);
    if (found instanceof Set) found.add(session);
    else this.#sessions.set(user, found === undefined ? session : new Set([found, session]));
  }

  remove(user: string, session: Registered): void {
    const found = this.#sessions.get(user);
    if (found instanceof Set) {
      found.delete(session);
      const [last] = found;
      if (found.size === 1 && last !== undefined) this.#sessions.set(user, last);
    } else if (found === session) {
      this.#sessions.delete(user);
    }
  }
}

/** All sessions of this node. */
export class Registry {
  /** In the order of their connections' ids, so that they can be read page by page. */
  readonly #sessions = new SortedList<Registered>(({ connection }) => connection.id);
  readonly users = new UserSessions();
  readonly addresses: Tally;
  #whenEmpty: (() => void) | undefined;

  /** @param addresses counts connections by address; shared by the apps of a process */
  constructor(addresses = new Tally()) {
    this.addresses = addresses;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Registered): void {
    this.#sessions.add(session);
    this.addresses.add(session.connection.address);
  }

  remove(session: Registered): void {
    if (this.#sessions.get(session.connection.id) !== session) return;
    this.#sessions.delete(session.connection.id);
    this.addresses.remove(session.connection.address);
    if (session.identity.user !== null) this.users.remove(session.identity.user, session);
    if (this.#sessions.size === 0) this.#whenEmpty?.();
  }

  /** The session of a connection. */
  get(connection: string): Registered | undefined {
    return this.#sessions.get(connection);
  }

  /** A snapshot of the sessions. */
  all(): readonly Registered[] {
    return [...this.#sessions];
  }

  /** The sessions by their connections' ids, from this id on. They must not change during the iteration. */
  from(connection: string): Iterable<Registered> {
    return this.#sessions.from(connection);
  }

  /** Resolves as soon as no session is left. */
  emptied(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
    });
  }
}
