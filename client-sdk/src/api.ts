import type { Codec, GapReason, Position, PublishResult, Tags } from '@sluice/protocol';
import type { Channels } from '@sluice/protocol/contracts';
import type { ClientState, StateChange } from './connection.ts';
import type { ContractChannels } from './contract-channel.ts';
import type { ListenOptions } from './emitter.ts';
import type { SluiceError } from './errors.ts';
import type { Presence } from './presence-api.ts';
import type { WebSocketConstructor } from './socket.ts';
import type { Token } from './token.ts';

/** How a client is made. */
export interface ClientOptions {
  /**
   * Where the gateway listens, e.g. `wss://example.com/ws`. Without a path it is `/ws`; on a page it may be relative. `http` and
   * `https` mean `ws` and `wss`.
   */
  readonly url: string | URL;
  /**
   * A JWT, or the function that fetches one: it may give text or `{ token }`. A function is called for the first connection,
   * and again when the token has expired, is about to, or was refused. Without a token the connection is anonymous, where the
   * gateway allows that.
   */
  readonly token?: Token;
  /**
   * In place of `token`: the route of your backend that answers with a JWT, as text or as `{ "token": "…" }`. It is fetched by
   * GET with the page's cookies, for the same origin, and never from a cache.
   */
  readonly tokenUrl?: string | URL;
  /** How frames are written. Default: JSON. `msgpack` is in `@sluice/client/msgpack`. */
  readonly codec?: Codec;
  /** The class of WebSockets. Default: the global one at the time of connecting. On Node 20 pass that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Milliseconds that an answer of the gateway may take, time without a connection included. Default 15,000. */
  readonly timeout?: number;
  /**
   * Connect by itself when the client is first used (a subscription, a publish, a page of history)? Default `true`;
   * otherwise it waits for `connect()`. Making a client never connects, so it may be done on a server that renders pages.
   */
  readonly autoConnect?: boolean;
  /**
   * One connection for all tabs of this origin, where the browser can do so? Its code is loaded when it is first needed.
   * Where that fails, this tab connects on its own, and the client's `error` tells so once. Default `false`.
   */
  readonly shareTabs?: boolean;
  /**
   * Log states and frames to the console, without tokens and data? Default: whether the page has `localStorage.sluiceDebug`, at
   * the time of the first connection. What writes the log is loaded when it is needed.
   */
  readonly debug?: boolean;
}

/** What a client announces: event name to value. */
export interface ClientEvents {
  /** The connection's state has changed. */
  state: StateChange;
  /**
   * Something failed that no call, no subscription's `onError` and no listener to `state` was told about; and each time that a
   * token cannot be fetched or is refused. Without a listener it goes to the console, once for each cause.
   */
  error: SluiceError;
  /** Messages were lost on a subscription that has no `onGap`. Without a listener it goes to the console. */
  gap: Gap;
}

/**
 * One connection to the gateway, with as many channels on it as you like.
 *
 * @example
 * import { createClient } from '@sluice/client';
 *
 * const client = createClient({ url: 'wss://example.com/ws', token: () => fetchToken() });
 * client.on('state', ({ state, error, retryIn }) => showStatus(state, error?.message, retryIn));
 * client.channel<{ text: string }>('chat:lobby').subscribe((message) => show(message.data.text));
 */
export interface Client<C extends Channels = Channels> {
  /** Where the connection stands. */
  readonly state: ClientState;
  /** Whose connection it is: `null` when anonymous, `undefined` before the first connection. */
  readonly user: string | null | undefined;
  /**
   * Connects, if it has not been done yet; while `waiting`, at once. A client that is `closed` starts anew, with a new token.
   *
   * @returns resolves when connected, however many attempts that takes; rejects with a `SluiceError` on a final refusal. A
   *   gateway that cannot be reached, or a token that cannot be fetched, is no final refusal: listen to `state`, or look into the
   *   console, for what is in the way.
   *
   * @example
   * await client.connect();
   * greet(client.user);
   */
  connect(): Promise<void>;
  /**
   * Closes the connection. Unanswered calls are rejected, and subscriptions end, with the error `closed`.
   *
   * @example
   * client.close();
   */
  close(): void;
  /**
   * A channel by its name. While it is in use, the same name gives the same object. The types are those of its messages'
   * data and of its members' state; a client with a contract takes them from there, and knows no other channels.
   *
   * @example
   * interface Note { text: string }
   * const inbox = client.channel<Note>('user:42:inbox');
   */
  readonly channel: string extends keyof C ? AnyChannels : ContractChannels<C>;
  /**
   * Listens to the client. `passive`: what nobody else listens to goes to the console nevertheless.
   *
   * @returns removes the handler
   *
   * @example
   * const stop = client.on('error', (error) => report(error.name, error.message));
   * stop();
   */
  on<Name extends keyof ClientEvents>(
    name: Name,
    handler: (value: ClientEvents[Name]) => void,
    options?: ListenOptions,
  ): () => void;
}

/** Gives a channel of any name, with the types that the caller says. */
export type AnyChannels = <T = unknown, State = unknown>(name: string) => Channel<T, State>;

/** A message of a channel. */
export interface Message<T = unknown> {
  /** Unique within the gateway's cluster. */
  readonly id: string;
  readonly channel: string;
  /** 1, 2, 3… without holes, within the epoch. */
  readonly offset: number;
  /** Names one life of the channel's log. */
  readonly epoch: string;
  /** When the gateway accepted it: milliseconds since the Unix epoch. */
  readonly time: number;
  readonly data: T;
  /** What kind of message it is, in the application's words. */
  readonly event?: string;
  readonly tags?: Tags;
  /** The user who published it, where the channel's rule says so. */
  readonly from?: string;
}

/** Messages that will not come, and why. Where the channel keeps the newest for slow readers, those come next; then what follows `to`. */
export interface Gap {
  readonly channel: string;
  /** After the last message that you were given. */
  readonly from: Position;
  readonly to: Position;
  readonly reason: GapReason;
  /**
   * How many messages were lost: all between `from` and `to` but those that are handed out right after the gap.
   * `undefined` where that is unknown, because the log began a new life.
   */
  readonly lost: number | undefined;
}

/** A time in the past, whatever the device's clock shows. */
export interface Ago {
  /** Milliseconds before now. */
  readonly ago: number;
}

/** Where to start. At most one of the three; without any: from now on. */
export interface Start {
  /** So many messages back. */
  readonly rewind?: number;
  /**
   * At the first message that is not older: milliseconds since the Unix epoch by the gateway's clock, or `{ ago }`, milliseconds
   * before now. The device's clock, which may be wrong, does not matter to `{ ago }`.
   */
  readonly since?: number | Ago;
  /** After this position, e.g. one that you have stored. Only this is a promise: what cannot be kept comes as a gap. */
  readonly position?: Position;
}

/** Where a subscription starts, and what else it tells. */
export interface SubscribeOptions extends Start {
  /** Ends the subscription when it aborts. */
  readonly signal?: AbortSignal;
  /**
   * Messages were lost; called in their place. While the promise that it returns is pending, what follows is held back
   * and the state is `gap`: the time to load anew what the messages would have told. What it rejects with is reported
   * like any uncaught error, and the messages go on.
   */
  readonly onGap?: (gap: Gap) => unknown;
  readonly onState?: (state: SubscriptionState) => void;
  /** The subscription was refused, has ended, or could not read its backlog. Without it the client's `error` tells. */
  readonly onError?: (error: SluiceError) => void;
}

/**
 * Where a subscription stands. `subscribing`: not answered yet, or without a connection. `catching-up`: messages of the
 * past are coming. `live`. `gap`: `onGap` has not done its work yet. `denied`: refused. `ended`: by you, by the gateway, or with the client.
 */
export type SubscriptionState = 'subscribing' | 'live' | 'catching-up' | 'gap' | 'denied' | 'ended';

/** One call of `subscribe`. It survives lost connections. */
export interface Subscription {
  readonly state: SubscriptionState;
  /** Resolves when the gateway has accepted it; rejects when it is refused or ends before. */
  readonly ready: Promise<void>;
  /** After the last message that was handed out: store it to go on from there another day. */
  readonly position: Position | undefined;
  /**
   * Ends it. No handler is called any more.
   *
   * @example
   * const subscription = channel.subscribe(show);
   * subscription.unsubscribe();
   */
  unsubscribe(): void;
}

/** What goes with a message, and how long to try. */
export interface PublishOptions<Event extends string = string> {
  /** What kind of message it is, in the application's words. */
  readonly event?: Event;
  /** Flat labels. */
  readonly tags?: Tags;
  /** The same key appends only once, within the channel's window. Default: a random one for each call. */
  readonly key?: string;
  /** Gives up when it aborts. A message that was already sent may appear nevertheless. */
  readonly signal?: AbortSignal;
  /** Milliseconds until it gives up, time without a connection included; `Infinity`: never. Default: the client's `timeout`. */
  readonly timeout?: number;
}

/** Which page of a channel's log. At most one of `before` and `after`; without them: the newest messages. */
export interface HistoryOptions {
  /** Most messages to return. Default 100, at most 1,000. */
  readonly limit?: number;
  /** Only messages with a smaller offset, the newest of them. */
  readonly before?: number;
  /** Only messages with a greater offset, the oldest of them. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

/** A page of a channel's log. */
export interface HistoryPage<T = unknown, M extends Message = Message<T>> {
  readonly epoch: string;
  /** Offset of the newest message of the log, 0 when there was never one. */
  readonly head: number;
  /** Offset of the oldest message that the log still holds; `head + 1` when it holds none. */
  readonly first: number;
  /** In the order of their offsets. */
  readonly messages: readonly M[];
}

/** Where an iteration starts, and what ends it. */
export interface MessagesOptions extends Start {
  /** Ends the iteration when it aborts. */
  readonly signal?: AbortSignal;
  /** Messages were lost; called between the messages before and after. */
  readonly onGap?: (gap: Gap) => void;
}

/**
 * A named stream of messages, as far as one reads it. Iterating over it gives the messages from now on. `M`: its messages;
 * `State` and `StateIn`: what members show, and what one sets.
 */
export interface ReadableChannel<M extends Message = Message, State = unknown, StateIn = State>
  extends AsyncIterable<M> {
  readonly name: string;
  /** Who is present. */
  readonly presence: Presence<State, StateIn>;
  /**
   * Calls a handler for every message: in order, none twice, and none missing without a gap.
   *
   * All subscriptions to one channel share one on the gateway. One that joins while another still catches up, and does not
   * say where to start, gets the messages published after it joined.
   *
   * @example
   * const subscription = client.channel<{ text: string }>('chat:lobby').subscribe(
   *   (message) => show(message.data.text),
   *   { rewind: 50, onGap: (gap) => showGap(gap.lost) },
   * );
   * await subscription.ready;
   */
  subscribe(onMessage: (message: M) => void, options?: SubscribeOptions): Subscription;
  /**
   * Reads a page of the channel's log.
   *
   * @example
   * const page = await channel.history({ limit: 20 });
   * const older = await channel.history({ limit: 20, before: page.messages[0]?.offset ?? page.head });
   */
  history(options?: HistoryOptions): Promise<HistoryPage<M['data'], M>>;
  /**
   * The messages as an async iteration. `break`, the signal and `client.close()` end it; a refusal throws.
   *
   * A loop that is slower than the channel costs no memory without bound: once 1,000 messages wait for it, the iteration
   * leaves the channel, and resumes after the last of them when the loop has come so far. Where the log does not reach
   * back that far any more, `onGap` tells.
   *
   * @example
   * for await (const message of client.channel('orders:new').messages({ rewind: 10 })) {
   *   await handle(message.data);
   * }
   */
  messages(options?: MessagesOptions): AsyncGenerator<M, void, void>;
}

/** A named stream of messages, and a way to add to it. */
export interface Channel<T = unknown, State = unknown> extends ReadableChannel<Message<T>, State> {
  /**
   * Publishes a message. When the connection is lost before the answer, it is sent again with the same key, so that it
   * appears once. The order of the calls is kept. `data` is copied at once: changing it afterwards changes nothing.
   *
   * @returns resolves when the gateway holds the message; rejects with a `SluiceError`, or with the reason of `signal`
   *
   * @example
   * const { offset } = await client.channel('chat:lobby').publish({ text: 'Hello' }, { event: 'chat' });
   */
  publish(data: T, options?: PublishOptions): Promise<PublishResult>;
}
