import { guard } from '../emitter.ts';
import type { Client, ClientEvents } from '../index.ts';
import { type AnyClient, nothing } from './store.ts';

/** One use of a shared store. `onChange` is called after each turn in which the store changed. */
export interface User<Handlers = unknown> {
  readonly onChange: () => void;
  /** Additional handlers of this use. */
  readonly handlers?: Handlers | undefined;
}

/** A store that all uses of one key share. It exists only while it is in use. */
export abstract class Shared<Snapshot, U extends User = User> {
  protected readonly client: Client;
  protected readonly users = new Set<U>();
  #snapshot: Snapshot | undefined;
  #notified = true;
  #stopListening: (() => void) | undefined;

  constructor(client: Client) {
    this.client = client;
  }

  /** Opens its resources on the gateway, and reopens them when a closed client connects again. */
  protected abstract open(): void;
  protected abstract close(): void;
  protected abstract build(): Snapshot;

  get snapshot(): Snapshot {
    this.#snapshot ??= this.build();
    return this.#snapshot;
  }

  /** @returns a function that ends the use. After the last use ends, a timer closes the store and calls `unused` */
  use(user: U, unused: () => void): () => void {
    this.users.add(user);
    if (!this.#stopListening) {
      let closed = this.client.state === 'closed';
      const look = ({ state }: ClientEvents['state']) => {
        if (closed && state === 'connecting') this.open();
        closed = state === 'closed';
        if (closed) this.changed();
      };
      // Connection errors are not reported here, so they must still count as unhandled.
      this.#stopListening = this.client.on('state', look, { passive: true });
      this.open();
    }
    return () => {
      this.users.delete(user);
      // Deferred: a component that unmounts and remounts in one turn (StrictMode, hot reload, a new
      // route) keeps the store.
      setTimeout(() => {
        if (this.users.size > 0 || !this.#stopListening) return;
        this.#stopListening();
        this.#stopListening = undefined;
        unused();
        this.close();
      });
    };
  }

  /**
   * The handlers of all uses. Handlers that several uses share are called once, e.g. if many
   * components read one list.
   */
  protected get handlers(): ReadonlySet<NonNullable<U['handlers']>> {
    return new Set([...this.users].flatMap(({ handlers }) => handlers ?? []));
  }

  /** Invalidates the snapshot, and notifies the users once per turn. */
  protected changed(): void {
    this.#snapshot = undefined;
    if (!this.#notified) return;
    this.#notified = false;
    queueMicrotask(() => {
      this.#notified = true;
      for (const { onChange } of [...this.users]) guard(onChange);
    });
  }
}

/** A reference to a shared store. It may be created while rendering: it opens nothing. */
export interface SharedRef<S, U extends User> {
  /** The store, if it is in use. */
  find(): S | undefined;
  /** Starts a use, and creates the store if needed. */
  use(user: U): () => void;
}

const registries = new WeakMap<AnyClient, Map<string, unknown>>();

/**
 * Returns the reference to the store that all uses of the same client and key share.
 *
 * @param key must be unique across store classes; `undefined` never creates a store
 */
export function sharedRef<S extends Shared<unknown, U>, U extends User>(
  client: AnyClient,
  key: string | undefined,
  make: () => S,
): SharedRef<S, U> {
  if (key === undefined) return { find: nothing, use: () => nothing };
  const find = () => registries.get(client)?.get(key) as S | undefined;
  return {
    find,
    use(user) {
      const all = registries.get(client) ?? new Map<string, unknown>();
      registries.set(client, all);
      const found = find() ?? make();
      all.set(key, found);
      return found.use(user, () => all.delete(key));
    },
  };
}
