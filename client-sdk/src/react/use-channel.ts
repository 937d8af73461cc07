import { useCallback, useMemo } from 'react';
import type { Channel, PublishOptions, PublishResult } from '../index.ts';
import { useClient } from './provider.ts';

/**
 * A channel by its name, to publish to it or read its history. It subscribes to nothing.
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
 * The function that publishes to a channel; the same one as long as the channel stays the same.
 *
 * @returns its promise rejects with a `SluiceError` when the message was not accepted
 *
 * @example
 * import { usePublish } from '@sluice/client/react';
 *
 * function useSay(room: string) {
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
