import type { Client } from '../index.ts';

/**
 * What a framework binds to: a value that never changes in place, and word when there is another one.
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
   * Calls `onChange` once after each turn in which something changed. The first call opens what the store needs on the
   * gateway; a moment after the last one has been taken back it is closed.
   *
   * @returns takes it back
   */
  subscribe(onChange: () => void): () => void;
  /** What is known now: the same object until something changes. Reading it opens nothing. */
  getSnapshot(): Snapshot;
  /** What a server renders, and what a browser begins with. */
  getServerSnapshot(): Snapshot;
}

/** Does nothing. */
export const nothing = (): undefined => {};

/** A channel's name. `null` and `undefined` are no channel: nothing is subscribed to. */
export type OptionalName<Name extends string = string> = Name | null | undefined;

/** A client with a contract or without one. */
export type AnyClient = Omit<Client, 'channel'> & { readonly channel: (name: never) => unknown };
