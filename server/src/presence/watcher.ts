import { PLAIN } from '../channels/audience.ts';
import type { EndReason, Kind, Standing } from '../channels/standing.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import type { Stage } from './stage.ts';

/** Presence subscriptions, by channel. */
export const WATCHERS: Kind<Watcher> = { name: 'presence subscription' };

/** What `Presence` does for those who watch. */
export interface WatcherHost {
  /** It needs the list, and may be able to receive it. */
  serveLater(watcher: Watcher): void;
  unwatch(watcher: Watcher): void;
}

export type WatcherState = 'live' | 'behind' | 'ended';

/**
 * One connection that watches a channel's members: the cursor's little sister, over a log that is always compacted to the
 * list as it stands.
 *
 * `behind`: it needs the whole list; once that was sent it is `live`, and changes reach it by the stage's topic.
 */
export class Watcher implements Standing {
  readonly subscriber: Subscriber;
  readonly stage: Stage;
  readonly #host: WatcherHost;
  #state: WatcherState = 'behind';
  /** The list is on its way from the store. */
  reading = false;
  /** Has it been sent no list yet? The first one is what the client asked for. */
  #first = true;

  constructor(subscriber: Subscriber, stage: Stage, host: WatcherHost) {
    this.subscriber = subscriber;
    this.stage = stage;
    this.#host = host;
    stage.watchers.add(this);
  }

  get state(): WatcherState {
    return this.#state;
  }

  /** A list was sent to it; the later ones are sent because it could not follow. */
  charge(bytes: number): void {
    if (this.#first) this.subscriber.chargeList(bytes);
    this.#first = false;
  }

  /** Joins the fan-out, in the same step in which the list was sent. */
  goLive(): void {
    if (this.#state !== 'behind') return;
    this.#state = 'live';
    this.stage.audiences.join(this.subscriber, PLAIN);
  }

  /** What was sent may not have arrived: the list has to be sent again. */
  fallBehind(): void {
    if (this.#state !== 'live') return;
    this.stage.audiences.leave(this.subscriber, PLAIN);
    this.#state = 'behind';
  }

  /** Leaves the channel for good. */
  leave(): void {
    if (this.#state === 'live') this.stage.audiences.leave(this.subscriber, PLAIN);
    this.#state = 'ended';
    this.stage.watchers.delete(this);
  }

  // As what its connection holds -------------------------------------------------------------------------------------

  get kind(): Kind {
    return WATCHERS;
  }

  get key(): string {
    return this.stage.channel;
  }

  get channelName(): string {
    return this.stage.channel;
  }

  get verb(): 'presence' {
    return 'presence';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** The list is sent anew: there is no log to continue from. */
  overflowed(): boolean {
    this.fallBehind();
    this.drained();
    return false;
  }

  drained(): void {
    if (this.#state === 'behind') this.#host.serveLater(this);
  }

  end(reason: EndReason): void {
    this.#host.unwatch(this);
    if (reason === 'permission') this.subscriber.push({ type: 'unwatched', channel: this.channelName, reason });
  }
}
