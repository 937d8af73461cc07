import type { Clock } from './clock.ts';
import { type Change, deadline, type Entry, type Lifetimes, overdue } from './entry.ts';

/** The queue whose messages expire. */
export interface ExpiringQueue {
  readonly clock: Clock;
  readonly list: readonly Entry[];
  /** Does this tab send the entry? */
  readonly isMine: (entry: Entry) => boolean;
  change(key: string, alter: (entry: Entry) => Change | undefined): Promise<Entry | undefined>;
}

// setTimeout fires at once for longer delays.
const LONGEST = 2 ** 31 - 1;

/** Expires messages at their deadlines. */
export class Deadlines {
  readonly #queue: ExpiringQueue;
  readonly #lifetimes: Lifetimes;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(queue: ExpiringQueue, lifetimes: Lifetimes) {
    this.#queue = queue;
    this.#lifetimes = lifetimes;
  }

  /** Schedules the next deadline. Called when the list has changed. */
  schedule(least = 0): void {
    this.stop();
    const now = this.#queue.clock();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#queue.list) next = Math.min(next, deadline(entry, this.#lifetimes, now));
    const pause = Math.min(Math.max(next - now, least), LONGEST);
    if (next < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#sweep(), pause);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  isOverdue(entry: Entry): boolean {
    const now = this.#queue.clock();
    return now >= deadline(entry, this.#lifetimes, now);
  }

  /** Applies what is due for an entry: it expires, or its outcome counts as unknown. */
  expire(key: string): Promise<Entry | undefined> {
    return this.#queue.change(key, (entry) => overdue(entry, this.#queue.clock(), this.#lifetimes));
  }

  #sweep(): void {
    const { list, isMine } = this.#queue;
    for (const entry of list) {
      if (this.isOverdue(entry) && (entry.status !== 'sent' || isMine(entry))) void this.expire(entry.key);
    }
    // The timer may fire slightly early, and a disk may be slow.
    this.schedule(1000);
  }
}
