import { useSyncExternalStore } from 'react';
import { type ConnectionSnapshot, connectionStore } from '../stores/index.ts';
import { useClient } from './provider.ts';

/**
 * Returns the state of the connection. It never opens one.
 *
 * @example
 * import { useConnection } from '@sluice/client/react';
 *
 * function useStatus(): string {
 *   const { state, user, error } = useConnection();
 *   return state === 'connected' ? `connected as ${user ?? 'anonymous'}` : (error?.message ?? state);
 * }
 */
export function useConnection(): ConnectionSnapshot {
  const { subscribe, getSnapshot, getServerSnapshot } = connectionStore(useClient());
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}
