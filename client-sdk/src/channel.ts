import type { PublishResult, Message as WireMessage } from '@sluice/protocol';
import type {
  Channel,
  HistoryOptions,
  HistoryPage,
  Message,
  MessagesOptions,
  PublishOptions,
  SubscribeOptions,
  Subscription,
} from './api.ts';
import type { Body } from './calls.ts';
import { request } from './request.ts';
import { streamMessages } from './stream.ts';
import { type AnyMessage, Subscriber } from './subscriber.ts';
import type { Handle, Host, WireSubscription } from './subscription.ts';

/** What a channel needs of the client. */
export interface ChannelHost extends Pick<Host, 'calls'> {
  readonly timeout: number;
  /** The channel's subscription on the wire; made where there is none. */
  wire(channel: Handle): WireSubscription;
  /** The client is being used: connects, where it should do so by itself. */
  use(): void;
  /** A copy of something, as it arrives at the other end; throws what the codec throws. */
  copy<Value>(value: Value): Value;
}

/** The face of one channel. It holds no state: that is in the subscription on the wire and in the calls. */
export class ChannelHandle<T> implements Channel<T> {
  readonly name: string;
  readonly #host: ChannelHost;

  constructor(name: string, host: ChannelHost) {
    this.name = name;
    this.#host = host;
  }

  subscribe(onMessage: (message: Message<T>) => void, options: SubscribeOptions = {}): Subscription {
    const { calls } = this.#host;
    const wire = this.#host.wire(this);
    const subscriber = new Subscriber(wire, onMessage as (message: AnyMessage) => void, options);
    if (options.signal?.aborted) subscriber.end('ended', { reason: options.signal.reason });
    else if (calls.ended) subscriber.end('ended', { error: calls.ended });
    else {
      wire.add(subscriber);
      this.#host.use();
    }
    wire.reconcile();
    return subscriber;
  }

  async publish(data: T, { signal, timeout, ...options }: PublishOptions = {}): Promise<PublishResult> {
    const draft = this.#host.copy({ data, ...options } as Pick<Body<'publish'>, 'data'>);
    const answer = this.#ask({ type: 'publish', channel: this.name, key: randomKey(), ...draft }, signal, timeout);
    return answer;
  }

  async history({ signal, ...page }: HistoryOptions = {}): Promise<HistoryPage<T>> {
    const { epoch, head, first, messages } = await this.#ask({ type: 'history', channel: this.name, ...page }, signal);
    const complete = (message: WireMessage) => ({ ...message, channel: this.name, epoch }) as Message<T>;
    return { epoch, head, first, messages: messages.map(complete) };
  }

  messages(options: MessagesOptions = {}): AsyncGenerator<Message<T>, void, void> {
    return streamMessages(this, options);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Message<T>, void, void> {
    return this.messages();
  }

  #ask<Type extends 'publish' | 'history'>(body: Body<Type>, signal?: AbortSignal, timeout = this.#host.timeout) {
    const { calls } = this.#host;
    const answer = request(calls, body, { timeout, signal });
    this.#host.use();
    return answer;
  }
}

/** 128 random bits. SPEC.md section 4.5 asks for 96, because anonymous connections share their keys. */
function randomKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}
