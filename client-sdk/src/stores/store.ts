import type { Client } from '../index.ts';

/**
 * An immutable value, and a notification when it is replaced. Frameworks bind to it.
 *
 * @example
 * import { type Client, createClient } from '@sluice/client';
 * import { connectionStore, type Store } from '@sluice/client/stores';
 *
 * const client: Client = createClient({ url: 'wss://example.com/ws' });
 * const store: Store<{ readonly state: string }> = connectionStore(client);
 * const stop = store.subscribe(() => console.log(store.getSnapshot().state));
 * stop();
 */
export interface Store<Snapshot> {
  /**
   * Calls `onChange` once after each turn in which the snapshot changed. The first subscription
   * opens what the store needs on the gateway. The last one to end closes it after the current
   * turn.
   *
   * @returns a function that unsubscribes
   */
  subscribe(onChange: () => void): () => void;
  /** The current value: the same object until something changes. Reading it opens nothing. */
  getSnapshot(): Snapshot;
  /** The value for server-side rendering and hydration. */
  getServerSnapshot(): Snapshot;
}

/** Does nothing. */
export const nothing = (): undefined => {};

/** A channel's name. With `null` or `undefined` the store opens nothing. */
export type OptionalName<Name extends string = string> = Name | null | undefined;

/** A client with or without a contract. */
export type AnyClient = Omit<Client, 'channel'> & { readonly channel: (name: never) => unknown };
