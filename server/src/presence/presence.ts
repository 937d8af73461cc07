import type { Subscriber } from '../channels/subscriber.ts';
import type {
  ChannelNames,
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
  /** Learns of the changes of members, even if no client watches them. */
  readonly observer?: PresenceObserver;
}

/** Learns of the changes of members that this node learns of. */
export interface PresenceObserver {
  /** Does it want to know about the members of this channel? */
  wants(channel: string): boolean;
  /** @returns whether the channel still has members that this node knows */
  changed(change: PresenceChange): boolean;
}

/**
 * The members of channels, and the subscriptions to them: a keyed log by user. SPEC.md section 9.
 */
export class Presence {
  readonly #store: PresenceStore;
  readonly #observer: PresenceObserver | undefined;
  /** Channels that are watched for the observer. */
  readonly #observed = new Set<string>();
  readonly #broadcaster: PresenceBroadcaster;

  constructor({ store, events, observer, ...rest }: PresenceOptions) {
    this.#store = store;
    this.#observer = observer;
    this.#broadcaster = new KeyedBroadcaster({
      ...rest,
      source: sourceOf(store, this.#observed),
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

  #changed(change: PresenceChange): void {
    const { channel, user, member, version } = change;
    if (this.#observer?.changed(change) === false) this.#unobserve(channel);
    if (!this.#broadcaster.has(channel)) return;
    this.#broadcaster.changed(channel, { key: user, value: member, version });
  }

  /** Stores that announce only what is watched must watch for the observer, too. */
  #observe(channel: string): void {
    if (this.#observer?.wants(channel) !== true || this.#observed.has(channel)) return;
    this.#observed.add(channel);
    if (!this.#broadcaster.has(channel)) this.#store.watch?.(channel);
  }

  #unobserve(channel: string): void {
    if (this.#observed.delete(channel) && !this.#broadcaster.has(channel)) this.#store.unwatch?.(channel);
  }

  /** Number of channels whose members are watched on this node. */
  get size(): number {
    return this.#broadcaster.size;
  }

  /** See `PresenceStore.enter`. */
  enter(request: EnterRequest): NowOrLater<void> {
    if (this.#observer !== undefined) this.#observe(request.channel);
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

  /** See `PresenceStore.channels`. */
  channels(from: string, most: number): NowOrLater<ChannelNames> {
    return this.#store.channels(from, most);
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
 *
 * @param observed channels that are watched anyway
 */
function sourceOf(store: PresenceStore, observed: ReadonlySet<string>) {
  return {
    summary: (channel: string) => store.roster(channel),
    list: (channel: string, limit: number) => store.list(channel, 0, limit),
    watch: (channel: string) => (observed.has(channel) ? undefined : store.watch?.(channel)),
    unwatch: (channel: string) => (observed.has(channel) ? undefined : store.unwatch?.(channel)),
  };
}
