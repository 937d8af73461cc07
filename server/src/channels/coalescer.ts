import type { Clock } from '../util/clock.ts';
import { Deque } from '../util/deque.ts';
import type { OpenChannel } from './channel-opener.ts';

interface Held {
  readonly channel: OpenChannel;
  /** On the monotonic clock. */
  readonly due: number;
}

/**
 * Holds channels with news for the window of their rule (`coalesce`), so that more messages share
 * one write. Every channel has its own window, from its first message on: if all windows ended at
 * once, their writes would delay each other.
 */
export class Coalescer {
  readonly #clock: Clock;
  readonly #release: (channel: OpenChannel) => void;
  /** By window: within a queue, channels are due in the order in which they were added. */
  readonly #queues = new Map<number, Deque<Held>>();

  constructor(clock: Clock, release: (channel: OpenChannel) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  /** Releases the channel when its window has passed. */
  hold(channel: OpenChannel): void {
    const window = channel.rule.coalesce;
    const queue = this.#queueOf(window);
    queue.push({ channel, due: this.#clock.monotonic() + window });
    if (queue.length === 1) this.#wait(queue, window);
  }

  #queueOf(window: number): Deque<Held> {
    let queue = this.#queues.get(window);
    if (queue === undefined) {
      queue = new Deque();
      this.#queues.set(window, queue);
    }
    return queue;
  }

  #wait(queue: Deque<Held>, delay: number): void {
    this.#clock.after(delay, () => this.#releaseDue(queue));
  }

  #releaseDue(queue: Deque<Held>): void {
    const now = this.#clock.monotonic();
    let first = queue.at(0);
    for (; first !== undefined && first.due <= now; first = queue.at(0)) {
      queue.shift();
      this.#release(first.channel);
    }
    if (first !== undefined) this.#wait(queue, first.due - now);
  }
}
