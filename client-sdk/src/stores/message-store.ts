import type { ChannelName, Channels, Client, Message, MessageOf, Start } from '../index.ts';
import {
  type ListUser,
  type MessageHandlers,
  MessageList,
  type MessagesSnapshot,
  NO_MESSAGES,
} from './message-list.ts';
import { checkListOptions, checkSource } from './options.ts';
import { place } from './shared.ts';
import { type AnyClient, nothing, type OptionalName, type Store } from './store.ts';

/** Where a list of messages starts, and how long it gets. */
export interface MessageStoreOptions extends Start {
  /** Most entries to keep; beyond it the oldest go, and `loadOlder` reads them again. `Infinity` keeps all. Default 1,000. */
  readonly keep?: number;
  /** Messages to read at a time with `loadOlder`. Default 50, at most 1,000. */
  readonly page?: number;
}

/** The messages of a channel as a list: the newest as they come, older ones on demand, and gaps where they happened. */
export interface MessageStore<M extends Message = Message> extends Store<MessagesSnapshot<M>> {
  /**
   * Subscribes, or joins those who have done so already.
   *
   * @param onChange called once after each turn in which the list changed
   * @param handlers hear of each message, gap and state by itself, from now on; the same object given twice hears of it once
   * @returns takes it back
   */
  subscribe(onChange: () => void, handlers?: MessageHandlers<M>): () => void;
  /**
   * Reads the page of the log before the oldest message, and puts it in front of the list. Does nothing while it is at work,
   * and where `hasOlder` is false. Never rejects: what failed is in `error`.
   */
  loadOlder(): Promise<void>;
  /**
   * Lets nothing go from the front of the list while somebody looks at it, so that nothing moves under their eyes. The
   * list then grows to ten times `keep` at most.
   *
   * @returns lets it go again
   */
  hold(): () => void;
  /** Subscribes again where the gateway has refused or ended it, e.g. after the permission was given. */
  retry(): void;
}

/**
 * The list of a channel's messages, for a framework to bind to. Making it opens nothing; while somebody has subscribed to
 * it, all stores with the same client, channel and options show the same list, by one subscription.
 *
 * @param channel `null` is none: the list stays empty
 *
 * @throws SluiceError `option_invalid` that names the argument which is not valid
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
  const { keep = 1000, page = 50, rewind, since, position } = checkListOptions(options);
  const start = { rewind, since, position } as Start;
  const name = channel ?? '';
  const key = name ? JSON.stringify([name, rewind, since, position, keep, page]) : undefined;
  const setup = { channel: name, start, keep, page };
  const list = place<MessageList<Message>, ListUser<Message>>(
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
