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

/** Is one present oneself, and what is to be called? */
export interface UsePresenceOptions<Own = unknown, State = Own> extends PresenceHandlers<State> {
  /** Enters the channel with this state while the component is mounted; another state updates it. Any JSON value. */
  readonly enter?: Own;
}

/** Who is present in a channel. */
export interface UsePresence<State = unknown, Own = State>
  extends PresenceSnapshot<State>,
    Pick<PresenceStore<State, Own>, 'stay'> {}

/**
 * Who is present in a channel. All components with the same channel share one list; the member leaves when the last
 * component that entered is gone.
 *
 * @param channel `null` watches nothing
 *
 * @throws SluiceError `option_invalid` that names the argument which is not valid
 *
 * @example
 * import { usePresence } from '@sluice/client/react';
 *
 * function useCompany(room: string, typing: boolean): string[] {
 *   const { members } = usePresence(`chat:${room}`, { enter: { typing } });
 *   return members.map(({ user, state }) => (state?.typing ? `${user} is writing` : user));
 * }
 */
export function usePresence<State = unknown>(
  channel: OptionalName,
  options?: UsePresenceOptions<State>,
): UsePresence<State> {
  const client = useClient();
  // Without a channel it opens nothing, and checks its arguments.
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
  // By its value: a component may write the state down where it renders.
  const state = JSON.stringify(enter);
  useEffect(() => {
    return state === undefined ? undefined : stay(JSON.parse(state));
  }, [stay, state]);
  return useMemo(() => ({ ...snapshot, stay }), [snapshot, stay]);
}
