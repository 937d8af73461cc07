import type { Filter, StartingPoint, Message as WireMessage } from '@sluice/protocol';
import type { Channel, Message, Subscription } from '../channel-api.ts';
import { RecentMessages } from './recent-messages.ts';

/** A message without the fields that its push has once for all messages. */
export function toWire({ channel: _, epoch: __, ...message }: Message): WireMessage {
  return message as WireMessage;
}

interface SharedSubscriptionSetup {
  readonly key: string;
  /** The starting point of the first tab. */
  readonly start: StartingPoint;
  readonly filter: Filter | undefined;
}

/**
 * The subscription to a channel that all tabs share, with its newest messages. A tab that
 * reconnects reads there what it missed, without a read of the log.
 */
export class SharedSubscription {
  readonly recent = new RecentMessages();
  readonly channel: Channel;
  /** By channel and filter. */
  readonly key: string;
  /** One object for all tabs, so that the upstream client shares one subscription. */
  readonly filter: Filter | undefined;
  /** Number of tab subscriptions that use it. */
  users = 0;
  readonly #subscription: Subscription;

  constructor(channel: Channel, { key, start, filter }: SharedSubscriptionSetup) {
    this.channel = channel;
    this.key = key;
    this.filter = filter;
    const { recent } = this;
    if (start.position) recent.startAt(start.position);
    // A filter leaves holes, so nothing is kept.
    const keep = (message: Message) => filter || recent.add(message.epoch, toWire(message));
    this.#subscription = channel.subscribe(keep, {
      ...start,
      ...(filter && { filter }),
      onGap: ({ to }) => recent.startAt(to),
      onState: () => this.#settle(),
      onError: () => {},
    });
    this.#settle();
  }

  get live(): boolean {
    return this.#subscription.state === 'live';
  }

  /** Did the gateway end or refuse it? */
  get ended(): boolean {
    const { state } = this.#subscription;
    return state === 'ended' || state === 'denied';
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  // A channel without messages since the start has a position, too.
  #settle(): void {
    const position = (this.#subscription as Subscription | undefined)?.position;
    if (position) this.recent.position ??= position;
  }
}
