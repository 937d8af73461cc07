import type { Member } from '@sluice/protocol';
import { type EndReason, gatewayEnding, type Kind, type Standing } from '../channels/standing.ts';
import type { RosterPage } from '../engine/presence.ts';
import type { KeyedBroadcaster } from '../keyed/keyed-broadcaster.ts';
import type { KeyedSubscription } from '../keyed/keyed-subscription.ts';

/** Presence subscriptions, by channel. */
export const PRESENCE_SUBSCRIPTIONS: Kind<PresenceSubscription> = { name: 'presence subscription' };

/** Sends the members of channels. */
export type PresenceBroadcaster = KeyedBroadcaster<Member, RosterPage>;

/**
 * One connection's subscription to the members of a channel, as a standing thing of its session.
 */
export class PresenceSubscription implements Standing {
  readonly #broadcaster: PresenceBroadcaster;
  readonly #subscription: KeyedSubscription;

  constructor(broadcaster: PresenceBroadcaster, subscription: KeyedSubscription) {
    this.#broadcaster = broadcaster;
    this.#subscription = subscription;
  }

  get kind(): Kind {
    return PRESENCE_SUBSCRIPTIONS;
  }

  get key(): string {
    return this.#subscription.channel;
  }

  get channelName(): string {
    return this.#subscription.channel;
  }

  get verb(): 'presence' {
    return 'presence';
  }

  get ended(): boolean {
    return this.#subscription.state === 'ended';
  }

  /** The list is sent again: there is no log to continue from. */
  overflowed(): boolean {
    this.#broadcaster.restart(this.#subscription);
    return false;
  }

  drained(): void {
    this.#broadcaster.resume(this.#subscription);
  }

  end(reason: EndReason, message?: string): void {
    this.#broadcaster.unsubscribe(this.#subscription);
    const ending = gatewayEnding(reason, message);
    if (ending === null) return;
    this.#subscription.subscriber.push({ type: 'unwatched', channel: this.channelName, ...ending });
  }
}
