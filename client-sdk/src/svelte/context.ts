import { getContext, setContext } from 'svelte';
import type { Channels, Client } from '../index.ts';
import type { AnyClient } from '../stores/index.ts';

const KEY = Symbol('sluice');

/**
 * Provides a client to this component and all below. Call it during component initialization.
 *
 * @returns the same client
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { setClient } from '@sluice/client/svelte';
 *
 * const client = setClient(createClient({ url: 'wss://example.com/ws' }));
 */
export function setClient<C extends AnyClient>(client: C): C {
  return setContext(KEY, client);
}

/**
 * Returns the client that a component above has set. Call it during component initialization.
 *
 * @typeParam C the client's contract, if it has one: `getClient<typeof channels>()`
 *
 * @throws Error if there is none
 *
 * @example
 * import { getClient, liveMessages } from '@sluice/client/svelte';
 *
 * const room = liveMessages(getClient(), 'chat:lobby');
 */
export function getClient<C extends Channels = Channels>(): Client<C> {
  const client = getContext<Client<C> | undefined>(KEY);
  if (!client) throw new Error('getClient: no client here. Call setClient(client) in a component above this one.');
  return client;
}
