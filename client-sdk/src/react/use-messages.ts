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

/** The starting point, filter and size of a message list, and its handlers. */
export interface UseMessagesOptions<M extends Message = Message> extends MessageStoreOptions, MessageHandlers<M> {}

/** A message list and its methods. The methods keep their identity while the channel stays the same. */
export interface UseMessages<M extends Message = Message>
  extends MessagesSnapshot<M>,
    Pick<MessageStore<M>, 'loadOlder' | 'hold' | 'retry'> {}

/**
 * Returns the messages of a channel: live messages, older ones with `loadOlder`, and gaps at their
 * places. All components with the same channel and options share one subscription and one list. If
 * the channel changes, the subscription moves.
 *
 * @param channel `null` opens no subscription
 *
 * @throws SluiceError `option_invalid` that names the invalid argument
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
  // Compared by value: a component may create the object in every rendering.
  const [since, position, filter] = [options?.since, options?.position, options?.filter].map(contentOf);
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are the options that make the list, and handlers may change
  const store = useMemo(
    () => messageStore<T>(client, channel, options),
    [client, channel, keep, page, rewind, since, position, filter],
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

/** A value that is equal for objects with the same content. */
function contentOf(value: unknown): unknown {
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
