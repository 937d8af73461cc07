import type { StartingPoint, Message as WireMessage } from '@sluice/protocol';
import type { Channel, Message, Subscription } from '../api.ts';
import { RecentMessages } from './recent-messages.ts';

/** A message without what its push says for all. */
export function toWire({ channel: _, epoch: __, ...message }: Message): WireMessage {
  return message as WireMessage;
}

/**
 * What all tabs share of one channel: a subscription that keeps the newest messages. A tab that comes back after it has lost
 * its socket finds there what it missed, without asking the gateway for the log.
 */
export class SharedSubscription {
  readonly recent = new RecentMessages();
  readonly channel: Channel;
  /** The tabs' subscriptions that stand on it. */
  users = 0;
  readonly #subscription: Subscription;

  /** @param start where the first tab wants to begin */
  constructor(channel: Channel, start: StartingPoint) {
    this.channel = channel;
    const { recent } = this;
    if (start.position) recent.startAt(start.position);
    this.#subscription = channel.subscribe((message) => recent.add(message.epoch, toWire(message)), {
      ...start,
      onGap: ({ to }) => recent.startAt(to),
      onState: () => this.#settle(),
      onError: () => {},
    });
    this.#settle();
  }

  get live(): boolean {
    return this.#subscription.state === 'live';
  }

  /** Did the gateway end it, or refuse it? */
  get ended(): boolean {
    const { state } = this.#subscription;
    return state === 'ended' || state === 'denied';
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  // A channel in which nothing was published since has a position all the same.
  #settle(): void {
    const position = (this.#subscription as Subscription | undefined)?.position;
    if (position) this.recent.position ??= position;
  }
}
