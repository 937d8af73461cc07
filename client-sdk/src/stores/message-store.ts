import type { ChannelName, Channels, Client, Message, MessageFilter, MessageOf, Start } from '../index.ts';
import {
  type ListUser,
  type MessageHandlers,
  MessageList,
  type MessagesSnapshot,
  NO_MESSAGES,
} from './message-list.ts';
import { checkListOptions, checkSource } from './options.ts';
import { sharedRef } from './shared.ts';
import { type AnyClient, nothing, type OptionalName, type Store } from './store.ts';

/** The starting point, the filter and the size of a message list. */
export interface MessageStoreOptions extends Start {
  /** Only messages that match, live and from the log. Lists with equal filters share one subscription. */
  readonly filter?: MessageFilter;
  /**
   * Maximum number of entries. The list drops older ones; `loadOlder` reads them again. Default
   * 1,000; `Infinity` keeps all.
   */
  readonly keep?: number;
  /** Messages per call of `loadOlder`. Default 50, at most 1,000. */
  readonly page?: number;
}

/** The messages of a channel as a list: live messages, older messages on demand, and gaps at their places. */
export interface MessageStore<M extends Message = Message> extends Store<MessagesSnapshot<M>> {
  /**
   * Subscribes, or shares the open subscription.
   *
   * @param onChange called once after each turn in which the list changed
   * @param handlers called for each message, gap and state from now on; an object that is passed
   * twice is called once
   * @returns a function that unsubscribes
   */
  subscribe(onChange: () => void, handlers?: MessageHandlers<M>): () => void;
  /**
   * Reads the page before the oldest message and adds it to the front. Does nothing while a page
   * is loading or if `hasOlder` is false. Never rejects: `error` holds the reason of a failure.
   */
  loadOlder(): Promise<void>;
  /**
   * Stops trimming the front of the list, so that entries stay in place while the user reads them.
   * The list then grows to at most ten times `keep`.
   *
   * @returns a function that resumes trimming
   */
  hold(): () => void;
  /**
   * Subscribes again after the gateway refused or ended the subscription, e.g. after a permission
   * was granted.
   */
  retry(): void;
}

/**
 * Creates a store of a channel's messages. It subscribes on first use. While it is in use, all
 * stores with the same client, channel and options share one list and one subscription.
 *
 * @param channel `null`: no channel; the list stays empty
 *
 * @throws SluiceError `option_invalid` that names the invalid argument
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { messageStore } from '@sluice/client/stores';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const store = messageStore<{ text: string }>(client, 'chat:lobby', { rewind: 50 });
 * const stop = store.subscribe(() => {
 *   const { messages, hasOlder } = store.getSnapshot();
 *   console.log(messages.map(({ data }) => data.text), hasOlder);
 * });
 * await store.loadOlder();
 * stop();
 */
export function messageStore<T = unknown>(
  client: Client,
  channel: OptionalName,
  options?: MessageStoreOptions,
): MessageStore<Message<T>>;
export function messageStore<C extends Channels, const Name extends ChannelName<C>>(
  client: Client<C>,
  channel: OptionalName<Name>,
  options?: MessageStoreOptions,
): MessageStore<MessageOf<C, Name>>;
export function messageStore(client: AnyClient, channel: OptionalName, options?: MessageStoreOptions): MessageStore {
  checkSource(client, channel);
  const { keep = 1000, page = 50, rewind, since, position, filter } = checkListOptions(options);
  const start = { rewind, since, position } as Start;
  const name = channel ?? '';
  const key = name ? JSON.stringify([name, rewind, since, position, filter, keep, page]) : undefined;
  const setup = { channel: name, start, filter, keep, page };
  const list = sharedRef<MessageList<Message>, ListUser<Message>>(
    client,
    key,
    () => new MessageList(client as Client, setup),
  );
  return {
    subscribe: (onChange, handlers) => list.use({ onChange, handlers: checkListOptions(handlers) }),
    getSnapshot: () => list.find()?.snapshot ?? NO_MESSAGES,
    getServerSnapshot: () => NO_MESSAGES,
    loadOlder: async () => list.find()?.loadOlder(),
    hold: () => list.find()?.hold() ?? nothing,
    retry: () => list.find()?.open(),
  };
}
