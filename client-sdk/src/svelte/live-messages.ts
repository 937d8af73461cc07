import type {
  Channel,
  ChannelName,
  ChannelOf,
  Channels,
  Client,
  Message,
  MessageOf,
  PublishOptions,
} from '../index.ts';
import {
  type AnyClient,
  type MessageHandlers,
  type MessageStore,
  type MessageStoreOptions,
  type MessagesSnapshot,
  messageStore,
  type OptionalName,
} from '../stores/index.ts';
import { type ChannelSource, Live } from './live.ts';

/** The starting point, filter and size of a message list, and its handlers. */
export interface LiveMessagesOptions<M extends Message = Message> extends MessageStoreOptions, MessageHandlers<M> {}

/** A message list with reactive properties, and its methods. */
export interface LiveMessages<M extends Message = Message, Publish = Channel<M['data']>['publish']>
  extends MessagesSnapshot<M>,
    Pick<MessageStore<M>, 'loadOlder' | 'hold' | 'retry'> {
  /** The current channel. */
  readonly channel: OptionalName;
  /**
   * Publishes to the channel.
   *
   * @returns a promise that rejects with a `SluiceError` if the gateway does not accept the message
   *
   * @example
   * import type { Message } from '@sluice/client';
   * import type { LiveMessages } from '@sluice/client/svelte';
   *
   * declare const room: LiveMessages<Message<{ text: string }>>;
   * await room.publish({ text: 'Hello' });
   */
  readonly publish: Publish;
  /**
   * Keeps the current channel subscribed, even while nothing on the page reads the list.
   *
   * @returns a function that ends that subscription
   *
   * @example
   * import type { LiveMessages } from '@sluice/client/svelte';
   *
   * declare const room: LiveMessages;
   * const stop = room.start();
   * stop();
   */
  start(): () => void;
}

/**
 * Returns the messages of a channel: live messages, older ones with `loadOlder`, and gaps at their
 * places. It subscribes while an effect or a template reads it. All lists with the same channel
 * and options share one subscription.
 *
 * @param channel a name, or a function that reads the name from reactive state; a changed name
 * moves the subscription
 *
 * @throws SluiceError `option_invalid` that names the invalid argument
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { liveMessages } from '@sluice/client/svelte';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const room = liveMessages<{ text: string }>(client, 'chat:lobby', { rewind: 50 });
 * const stop = room.start();
 * await room.publish({ text: 'Hello' });
 * console.log(room.messages.map(({ data }) => data.text));
 * stop();
 */
export function liveMessages<T = unknown>(
  client: Client,
  channel: ChannelSource,
  options?: LiveMessagesOptions<Message<T>>,
): LiveMessages<Message<T>>;
export function liveMessages<C extends Channels, const Name extends ChannelName<C>>(
  client: Client<C>,
  channel: ChannelSource<Name>,
  options?: LiveMessagesOptions<MessageOf<C, Name>>,
): LiveMessages<MessageOf<C, Name>, ChannelOf<C, Name>['publish']>;
export function liveMessages(
  any: AnyClient,
  channel: ChannelSource,
  options?: LiveMessagesOptions<never>,
): LiveMessages<never, never> {
  const client = any as Client;
  // This opens nothing and only checks the arguments.
  messageStore(client, typeof channel === 'function' ? null : channel, options as MessageStoreOptions);
  const { onMessage, onGap, onState } = options ?? {};
  const handlers = { onMessage, onGap, onState };
  const live = new Live<MessagesSnapshot<never>, MessageStore<never>>(channel, {
    make: (name) => messageStore(client, name, options as MessageStoreOptions) as MessageStore<never>,
    subscribe: (store, onChange) => store.subscribe(onChange, handlers),
  });
  const publish = async (data: unknown, publishOptions?: PublishOptions) => {
    const { name } = live;
    if (!name) throw new Error('liveMessages: cannot publish without a channel. Pass a channel name first.');
    return client.channel(name).publish(data, publishOptions);
  };
  return {
    get channel() {
      return live.name;
    },
    get entries() {
      return live.snapshot.entries;
    },
    get messages() {
      return live.snapshot.messages;
    },
    get state() {
      return live.snapshot.state;
    },
    get error() {
      return live.snapshot.error;
    },
    get hasOlder() {
      return live.snapshot.hasOlder;
    },
    get loading() {
      return live.snapshot.loading;
    },
    loadOlder: () => live.store.loadOlder(),
    hold: () => live.store.hold(),
    retry: () => live.store.retry(),
    start: () => live.start(),
    publish: publish as never,
  };
}
