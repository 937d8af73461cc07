import type { Subscriber } from '../channels/subscriber.ts';
import type {
  EnterRequest,
  MemberConnection,
  PresenceChange,
  PresenceStore,
  Roster,
  RosterPage,
} from '../engine/presence.ts';
import type { EventBus } from '../events.ts';
import { KeyedBroadcaster } from '../keyed/keyed-broadcaster.ts';
import type { PresenceRule } from '../rule.ts';
import type { Fanout } from '../transport/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { Turn } from '../util/turn.ts';
import { PRESENCE_PUSHES } from './presence-pushes.ts';
import { type PresenceBroadcaster, PresenceSubscription } from './presence-subscription.ts';

export interface PresenceOptions {
  readonly store: PresenceStore;
  readonly fanout: Fanout;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Maximum bytes buffered per connection. */
  readonly outbound: number;
}

/**
 * The members of channels, and the subscriptions to them: a keyed log by user. SPEC.md section 9.
 */
export class Presence {
  readonly #store: PresenceStore;
  readonly #broadcaster: PresenceBroadcaster;

  constructor({ store, events, ...rest }: PresenceOptions) {
    this.#store = store;
    this.#broadcaster = new KeyedBroadcaster({
      ...rest,
      source: sourceOf(store),
      format: PRESENCE_PUSHES,
      topicMark: '!',
      onSent: (channel, bytes) => events.emit('presenceSent', { channel, bytes }),
      onFault: (error) => events.emit('fault', { where: 'presence: the members could not be read', error }),
    });
    store.start(
      (change) => this.#changed(change),
      (channel) => this.#broadcaster.interrupted(channel),
    );
  }

  #changed({ channel, user, member, version }: PresenceChange): void {
    if (!this.#broadcaster.has(channel)) return;
    this.#broadcaster.changed(channel, { key: user, value: member, version });
  }

  /** Number of channels whose members are watched on this node. */
  get size(): number {
    return this.#broadcaster.size;
  }

  /** See `PresenceStore.enter`. */
  enter(request: EnterRequest): NowOrLater<void> {
    return this.#store.enter(request);
  }

  /** See `PresenceStore.leave`. */
  leave(connection: MemberConnection, grace: number): NowOrLater<void> {
    return this.#store.leave(connection, grace);
  }

  /** See `PresenceStore.roster`. */
  roster(channel: string): NowOrLater<Roster> {
    return this.#store.roster(channel);
  }

  /** See `PresenceStore.list`. */
  list(channel: string, after: number, limit: number): NowOrLater<RosterPage> {
    return this.#store.list(channel, after, limit);
  }

  /**
   * Starts sending a channel's members to a connection: the list at the end of this turn, then
   * changes.
   */
  watch(subscriber: Subscriber, channel: string, rule: PresenceRule): PresenceSubscription {
    return new PresenceSubscription(this.#broadcaster, this.#broadcaster.subscribe(subscriber, channel, rule));
  }

  /** Sends what is due at the end of a turn. */
  flush(): void {
    this.#broadcaster.flush();
  }
}

/**
 * A presence store as the source of a keyed log. Its methods are looked up at each call: tests
 * exchange them.
 */
function sourceOf(store: PresenceStore) {
  return {
    summary: (channel: string) => store.roster(channel),
    list: (channel: string, limit: number) => store.list(channel, 0, limit),
    watch: (channel: string) => store.watch?.(channel),
    unwatch: (channel: string) => store.unwatch?.(channel),
  };
}
