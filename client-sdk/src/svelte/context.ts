import { getContext, setContext } from 'svelte';
import type { Channels, Client } from '../index.ts';
import type { AnyClient } from '../stores/index.ts';

const KEY = Symbol('sluice');

/**
 * Gives a client to this component and all below. Call it while the component is initialised.
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
 * The client that a component above has set. Call it while the component is initialised.
 *
 * @typeParam C the contract of its channels, where it has one: `getClient<typeof channels>()`
 *
 * @throws Error where there is none
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
