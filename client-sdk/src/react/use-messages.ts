import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { Message } from '../index.ts';
import {
  type MessageHandlers,
  type MessageStore,
  type MessageStoreOptions,
  type MessagesSnapshot,
  messageStore,
  type OptionalName,
} from '../stores/index.ts';
import { useClient } from './provider.ts';
import { useLatest } from './use-latest.ts';

/** Where a list of messages starts, how long it gets, and what is to be called. */
export interface UseMessagesOptions<M extends Message = Message> extends MessageStoreOptions, MessageHandlers<M> {}

/** A list of messages, and what can be done with it. The methods stay the same as long as the channel does. */
export interface UseMessages<M extends Message = Message>
  extends MessagesSnapshot<M>,
    Pick<MessageStore<M>, 'loadOlder' | 'hold' | 'retry'> {}

/**
 * The messages of a channel: the newest as they come, older ones with `loadOlder`, gaps in their places. All components with
 * the same channel and options share one subscription and one list. Another channel at the next rendering moves it.
 *
 * @param channel `null` subscribes to nothing
 *
 * @throws SluiceError `option_invalid` that names the argument which is not valid
 *
 * @example
 * import { useMessages } from '@sluice/client/react';
 *
 * function useTexts(room: string) {
 *   const { messages, hasOlder, loadOlder } = useMessages<{ text: string }>(`chat:${room}`, { rewind: 50 });
 *   return { texts: messages.map(({ data }) => data.text), more: hasOlder ? loadOlder : undefined };
 * }
 */
export function useMessages<T = unknown>(
  channel: OptionalName,
  options?: UseMessagesOptions<Message<T>>,
): UseMessages<Message<T>> {
  const client = useClient();
  const { onMessage, onGap, onState, keep, page, rewind } = options ?? {};
  // By their values: a component may write them down where it renders.
  const [since, position] = [contentOf(options?.since), contentOf(options?.position)];
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are the options that make the list, and handlers may change
  const store = useMemo(
    () => messageStore<T>(client, channel, options),
    [client, channel, keep, page, rewind, since, position],
  );
  const latest = useLatest({ onMessage, onGap, onState });
  const subscribe = useCallback(
    (onChange: () => void) =>
      store.subscribe(onChange, {
        onMessage: (message, state) => latest.current.onMessage?.(message, state),
        onGap: (gap) => latest.current.onGap?.(gap),
        onState: (state) => latest.current.onState?.(state),
      }),
    [store, latest],
  );
  const snapshot = useSyncExternalStore(subscribe, store.getSnapshot, store.getServerSnapshot);
  const { loadOlder, hold, retry } = store;
  return useMemo(() => ({ ...snapshot, loadOlder, hold, retry }), [snapshot, loadOlder, hold, retry]);
}

/** What two objects with the same content have in common. */
function contentOf(value: unknown): unknown {
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
