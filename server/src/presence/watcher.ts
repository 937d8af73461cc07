import { PLAIN } from '../channels/audience.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import type { Stage } from './stage.ts';

export type WatcherState = 'live' | 'behind' | 'ended';

/**
 * One connection that watches a channel's members: the cursor's little sister, over a log that is always compacted to the
 * list as it stands.
 *
 * `behind`: it needs the whole list; once that was sent it is `live`, and changes reach it by the stage's topic.
 */
export class Watcher {
  readonly subscriber: Subscriber;
  readonly stage: Stage;
  #state: WatcherState = 'behind';
  /** The list is on its way from the store. */
  reading = false;
  /** Has it been sent no list yet? The first one is what the client asked for. */
  #first = true;

  constructor(subscriber: Subscriber, stage: Stage) {
    this.subscriber = subscriber;
    this.stage = stage;
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

  end(): void {
    if (this.#state === 'live') this.stage.audiences.leave(this.subscriber, PLAIN);
    this.#state = 'ended';
    this.stage.watchers.delete(this);
  }
}
