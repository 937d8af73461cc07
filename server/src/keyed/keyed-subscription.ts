import { type Audiences, PLAIN } from '../channels/audience.ts';
import type { Subscriber } from '../channels/subscriber.ts';

export type KeyedSubscriptionState = 'behind' | 'reading' | 'live' | 'ended';

/**
 * One connection's subscription to a keyed log.
 *
 * ```
 *            beginReading()            goLive()
 *   behind ────────────────► reading ───────────► live      end() leaves every state
 *     ▲ ▲       stopReading()   │                   │
 *     │ └───────────────────────┘                   │       behind: it needs the list, or the count
 *     └─────────────────────────────────────────────┘       live: changes reach it by a topic
 *                       fallBehind()
 * ```
 */
export class KeyedSubscription {
  readonly subscriber: Subscriber;
  readonly channel: string;
  readonly #audiences: Audiences;
  #state: KeyedSubscriptionState = 'behind';
  /** Has it received nothing yet? The client requested the first list only. */
  #isFirst = true;

  constructor(subscriber: Subscriber, channel: string, audiences: Audiences) {
    this.subscriber = subscriber;
    this.channel = channel;
    this.#audiences = audiences;
  }

  get state(): KeyedSubscriptionState {
    return this.#state;
  }

  beginReading(): void {
    if (this.#state === 'behind') this.#state = 'reading';
  }

  stopReading(): void {
    if (this.#state === 'reading') this.#state = 'behind';
  }

  /** Sends the list, or the count, and joins the fan-out in the same step. */
  goLive(frames: readonly Uint8Array[], bytes: number): void {
    for (const frame of frames) this.subscriber.sendFrame(frame);
    if (this.#isFirst) this.subscriber.chargeList(bytes);
    this.#isFirst = false;
    this.#state = 'live';
    this.#audiences.join(this.subscriber, PLAIN);
  }

  /** What was sent may not have arrived: the subscription needs the list again. */
  fallBehind(): void {
    if (this.#state !== 'live') return;
    this.#audiences.leave(this.subscriber, PLAIN);
    this.#state = 'behind';
  }

  end(): void {
    this.fallBehind();
    this.#state = 'ended';
  }
}
