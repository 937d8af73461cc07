import type { PublishResult } from '@sluice/protocol';
import type { Body } from './calls.ts';
import type {
  Channel,
  HistoryOptions,
  HistoryPage,
  Message,
  MessagesOptions,
  PublishOptions,
  SubscribeOptions,
  Subscription,
} from './channel-api.ts';
import type { ChannelHost } from './channel-host.ts';
import { complete } from './complete.ts';
import { check } from './options.ts';
import { facePresence } from './presence.ts';
import type { Presence } from './presence-api.ts';
import { RemoteSubscription } from './remote-subscription.ts';
import { streamMessages } from './stream.ts';
import { type AnyMessage, Subscriber } from './subscriber.ts';

/** The public object of a channel. It has no state: that is in the resources and calls of the client. */
export class ChannelHandle<T, State> implements Channel<T, State> {
  declare readonly name: string;
  declare readonly presence: Presence<State>;
  /** The client, for entries that add functions to a channel. */
  declare readonly host: ChannelHost;

  constructor(name: string, host: ChannelHost) {
    this.name = name;
    this.host = host;
    this.presence = facePresence(this, host);
  }

  subscribe(onMessage: (message: Message<T>) => void, given?: SubscribeOptions): Subscription {
    const options = check(given, { onMessage });
    const subscriber = new Subscriber(
      this.host.resource(RemoteSubscription, this, options.filter),
      onMessage as (message: AnyMessage) => void,
      options,
    );
    subscriber.rejoin = () => this.#join(subscriber);
    this.#join(subscriber);
    return subscriber;
  }

  #join(subscriber: Subscriber): void {
    const { signal, filter } = subscriber.options;
    const resource = this.host.resource(RemoteSubscription, this, filter);
    if (signal?.aborted) {
      subscriber.end('ended', { reason: signal.reason });
      resource.reconcile();
    } else {
      resource.add(subscriber);
      this.host.use();
    }
  }

  async publish(data: T, options?: PublishOptions): Promise<PublishResult> {
    const { signal, timeout, ...rest } = check(options);
    const { copy, weight } = this.host.calls.copy({ data, ...rest } as Pick<Body<'publish'>, 'data'>);
    const body = {
      type: 'publish',
      channel: this.name, // 128 random bits. SPEC.md section 4.5 requires 96, because anonymous connections share their keys.
      key: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      ...copy,
    } as const;
    return this.host.execute(body, { signal, timeout, weight });
  }

  async history(options?: HistoryOptions): Promise<HistoryPage<T>> {
    const { signal, ...page } = check(options);
    const body = { type: 'history', channel: this.name, ...page } as const;
    const result = await this.host.execute(body, { signal });
    return { ...result, messages: result.messages.map((message) => complete(message, this.name, result.epoch)) };
  }

  messages(options?: MessagesOptions): AsyncGenerator<Message<T>, void, void> {
    return streamMessages(this, check(options), this.host.report);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Message<T>, void, void> {
    return this.messages();
  }
}
