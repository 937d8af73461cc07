import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
} from 'react';
import type { Client } from '../index.ts';
import type { AnyClient } from '../stores/index.ts';
import { countClient } from './client-count.ts';

const ClientContext = createContext<AnyClient | undefined>(undefined);

/** Props of `SluiceProvider`. */
export interface SluiceProviderProps {
  /** Create it once, outside of components or in a `useState` of the root component. */
  readonly client: AnyClient;
  readonly children?: ReactNode;
}

/**
 * Provides a client to all components below. Never connects or closes it. Warns on the console
 * about the fifth client.
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { SluiceProvider } from '@sluice/client/react';
 * import { createElement, type ReactNode } from 'react';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const Root = ({ children }: { children: ReactNode }) => createElement(SluiceProvider, { client }, children);
 */
export function SluiceProvider({ client, children }: SluiceProviderProps): ReactElement {
  const [seen] = useState(() => new Set<object>());
  useEffect(() => countClient(seen, client), [seen, client]);
  return createElement(ClientContext.Provider, { value: client }, children);
}

/**
 * Returns the client of the nearest `SluiceProvider` above.
 *
 * @throws Error if there is no provider
 *
 * @example
 * import { useClient } from '@sluice/client/react';
 *
 * function useSignOut() {
 *   const client = useClient();
 *   return () => client.close();
 * }
 */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client)
    throw new Error('useClient: no client here. Put <SluiceProvider client={client}> around this component.');
  return client as Client;
}
