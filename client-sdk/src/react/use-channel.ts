import { useCallback, useMemo } from 'react';
import type { Channel, PublishOptions, PublishResult } from '../index.ts';
import { useClient } from './provider.ts';

/**
 * Returns a channel by name, for publishing or reading its history. It does not subscribe.
 *
 * @example
 * import { useChannel } from '@sluice/client/react';
 *
 * function useNewest(room: string) {
 *   const channel = useChannel<{ text: string }>(`chat:${room}`);
 *   return async () => (await channel.history({ limit: 1 })).messages[0]?.data.text;
 * }
 */
export function useChannel<T = unknown, State = unknown>(name: string): Channel<T, State> {
  const client = useClient();
  return useMemo(() => client.channel<T, State>(name), [client, name]);
}

/**
 * Returns the function that publishes to a channel. It keeps its identity while the channel stays
 * the same.
 *
 * @returns a function whose promise rejects with a `SluiceError` if the gateway does not accept
 * the message
 *
 * @example
 * import { usePublish } from '@sluice/client/react';
 *
 * function useSend(room: string) {
 *   const publish = usePublish<{ text: string }>(`chat:${room}`);
 *   return (text: string) => publish({ text }, { event: 'message' });
 * }
 */
export function usePublish<T = unknown>(
  channel: string,
): (data: T, options?: PublishOptions) => Promise<PublishResult> {
  const stream = useChannel<T>(channel);
  return useCallback((data: T, options?: PublishOptions) => stream.publish(data, options), [stream]);
}
