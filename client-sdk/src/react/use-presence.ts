import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import {
  type OptionalName,
  type PresenceHandlers,
  type PresenceSnapshot,
  type PresenceStore,
  presenceStore,
} from '../stores/index.ts';
import { useClient } from './provider.ts';
import { useLatest } from './use-latest.ts';

/** The client's own state in the channel, and the handlers. */
export interface UsePresenceOptions<Own = unknown, State = Own> extends PresenceHandlers<State> {
  /**
   * Enters the channel with this state while the component is mounted; a changed state updates it.
   * Any JSON value.
   */
  readonly enter?: Own;
}

/** The members of a channel, and `stay`. */
export interface UsePresence<State = unknown, Own = State>
  extends PresenceSnapshot<State>,
    Pick<PresenceStore<State, Own>, 'stay'> {}

/**
 * Returns the members of a channel. All components with the same channel share one subscription. The client leaves
 * the channel when the last component with `enter` unmounts.
 *
 * @param channel `null` opens no subscription
 *
 * @throws SluiceError `option_invalid` that names the invalid argument
 *
 * @example
 * import { usePresence } from '@sluice/client/react';
 *
 * function useMemberLabels(room: string, typing: boolean): string[] {
 *   const { members } = usePresence(`chat:${room}`, { enter: { typing } });
 *   return members.map(({ user, state }) => (state?.typing ? `${user} is writing` : user));
 * }
 */
export function usePresence<State = unknown>(
  channel: OptionalName,
  options?: UsePresenceOptions<State>,
): UsePresence<State> {
  const client = useClient();
  // Without a channel this opens nothing and only checks the arguments.
  presenceStore<State>(client, null).subscribe(() => {}, options);
  const { enter, onJoin, onUpdate, onLeave } = options ?? {};
  const store = useMemo(() => presenceStore<State>(client, channel), [client, channel]);
  const { stay, getSnapshot, getServerSnapshot } = store;
  const latest = useLatest({ onJoin, onUpdate, onLeave });
  const subscribe = useCallback(
    (onChange: () => void) =>
      store.subscribe(onChange, {
        onJoin: (member) => latest.current.onJoin?.(member),
        onUpdate: (member) => latest.current.onUpdate?.(member),
        onLeave: (member) => latest.current.onLeave?.(member),
      }),
    [store, latest],
  );
  const snapshot = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  // Compared by value: a component may create the state in every rendering.
  const state = JSON.stringify(enter);
  useEffect(() => {
    return state === undefined ? undefined : stay(JSON.parse(state));
  }, [stay, state]);
  return useMemo(() => ({ ...snapshot, stay }), [snapshot, stay]);
}
