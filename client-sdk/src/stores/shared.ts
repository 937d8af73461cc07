import type { Client, ClientEvents } from '../index.ts';
import { type AnyClient, nothing } from './store.ts';

/** One use of a shared thing: called after each turn in which it changed. */
export interface User<Handlers = unknown> {
  readonly onChange: () => void;
  /** What it hears besides. */
  readonly handlers?: Handlers | undefined;
}

/** A living thing that all who ask for the same key share. It exists only while somebody uses it. */
export abstract class Shared<Snapshot, U extends User = User> {
  protected readonly client: Client;
  protected readonly users = new Set<U>();
  #snapshot: Snapshot | undefined;
  #told = true;
  #stopListening: (() => void) | undefined;

  constructor(client: Client) {
    this.client = client;
  }

  /** Opens what it needs on the gateway; again after the client was closed and connects anew. */
  protected abstract open(): void;
  protected abstract close(): void;
  protected abstract build(): Snapshot;

  get snapshot(): Snapshot {
    this.#snapshot ??= this.build();
    return this.#snapshot;
  }

  /** @returns ends the use; then, a moment after the last one has ended, calls `unused` */
  use(user: U, unused: () => void): () => void {
    this.users.add(user);
    if (!this.#stopListening) {
      let closed = this.client.state === 'closed';
      const look = ({ state }: ClientEvents['state']) => {
        if (closed && state === 'connecting') this.open();
        closed = state === 'closed';
        if (closed) this.changed();
      };
      // What is wrong with the connection is not told to anybody here.
      this.#stopListening = this.client.on('state', look, { passive: true });
      this.open();
    }
    return () => {
      this.users.delete(user);
      // Not at once: what is taken down and put up again in one turn (StrictMode, hot reload, a new route) goes on.
      setTimeout(() => {
        if (this.users.size > 0 || !this.#stopListening) return;
        this.#stopListening();
        this.#stopListening = undefined;
        unused();
        this.close();
      });
    };
  }

  /** The handlers of all users; those that several uses have in common once, as of a list that is read in many places. */
  protected get handlers(): ReadonlySet<NonNullable<U['handlers']>> {
    return new Set([...this.users].flatMap(({ handlers }) => handlers ?? []));
  }

  /** There is another snapshot. Whatever comes in one turn is told once. */
  protected changed(): void {
    this.#snapshot = undefined;
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      for (const { onChange } of [...this.users]) onChange();
    });
  }
}

/** The place of a shared thing: it may be made while rendering, for it holds nothing but the way there. */
export interface Place<S, U extends User> {
  /** The living thing, if anybody uses it. */
  find(): S | undefined;
  /** Uses it, and makes it where there is none. */
  use(user: U): () => void;
}

const places = new WeakMap<AnyClient, Map<string, unknown>>();

/**
 * Where all who name the same key for a client find the same thing.
 *
 * @param key must name the class of the thing, too; `undefined` is a place where there is never anything
 */
export function place<S extends Shared<unknown, U>, U extends User>(
  client: AnyClient,
  key: string | undefined,
  make: () => S,
): Place<S, U> {
  if (key === undefined) return { find: nothing, use: () => nothing };
  const find = () => places.get(client)?.get(key) as S | undefined;
  return {
    find,
    use(user) {
      const all = places.get(client) ?? new Map<string, unknown>();
      places.set(client, all);
      const found = find() ?? make();
      all.set(key, found);
      return found.use(user, () => all.delete(key));
    },
  };
}
