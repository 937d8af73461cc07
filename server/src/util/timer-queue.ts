/** A timer in a queue. */
export class QueuedTimer {
  readonly #queue: TimerQueue;
  readonly at: number;
  /** Timers of the same time run in the order in which they were added. */
  readonly order: number;
  readonly task: () => void;
  /** Index in the queue's heap; -1: not in it. */
  place = -1;

  constructor(queue: TimerQueue, { at, order, task }: Pick<QueuedTimer, 'at' | 'order' | 'task'>) {
    this.#queue = queue;
    this.at = at;
    this.order = order;
    this.task = task;
  }

  /** Does nothing if the timer has run or was cancelled already. */
  cancel(): void {
    this.#queue.remove(this);
  }

  isBefore(other: QueuedTimer): boolean {
    return this.at < other.at || (this.at === other.at && this.order < other.order);
  }
}

/** A timer was to be added whose time is no number, which would keep all others from running. */
export class TimerTimeInvalid extends RangeError {
  override readonly name = 'TimerTimeInvalid';

  constructor() {
    super('the time of a timer is no number. Check the delay that was given to "after"');
  }
}

/**
 * Timers in the order of their times: a binary heap, in which each timer knows its place, so that
 * to add and to cancel one takes logarithmic time. Cancelled timers are not kept.
 */
export class TimerQueue {
  readonly #heap: QueuedTimer[] = [];
  readonly #emptied: () => void;
  #added = 0;

  /** @param emptied called when the last timer was cancelled */
  constructor(emptied: () => void = () => {}) {
    this.#emptied = emptied;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The time of the first timer; `Infinity` if there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /**
   * @param at milliseconds of any one clock
   * @throws TimerTimeInvalid for NaN, which has no place in an order
   */
  add(at: number, task: () => void): QueuedTimer {
    if (Number.isNaN(at)) throw new TimerTimeInvalid();
    const timer = new QueuedTimer(this, { at, order: this.#added++, task });
    this.#rise(timer, this.#heap.length);
    return timer;
  }

  /** Removes the first timer if it is due at `now`, and returns its task. */
  take(now: number): (() => void) | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#delete(first);
    return first.task;
  }

  /** Cancels a timer of this queue. */
  remove(timer: QueuedTimer): void {
    if (timer.place === -1) return;
    this.#delete(timer);
    if (this.#heap.length === 0) this.#emptied();
  }

  /** Cancels all timers. */
  clear(): void {
    for (const timer of this.#heap) timer.place = -1;
    this.#heap.length = 0;
    this.#emptied();
  }

  #delete(timer: QueuedTimer): void {
    const { place } = timer;
    const last = this.#heap.pop();
    timer.place = -1;
    if (last === undefined || last === timer) return;
    if (last.isBefore(timer)) this.#rise(last, place);
    else this.#sink(last, place);
  }

  /** Puts a timer at a place, or above. */
  #rise(timer: QueuedTimer, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.#heap[above] as QueuedTimer;
      if (!timer.isBefore(parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(timer, place);
  }

  /** Puts a timer at a place, or below. */
  #sink(timer: QueuedTimer, from: number): void {
    let place = from;
    for (let child = this.#firstChild(place); child?.isBefore(timer) === true; child = this.#firstChild(place)) {
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(timer, place);
  }

  /** The earlier one of the two timers below a place. */
  #firstChild(place: number): QueuedTimer | undefined {
    const left = this.#heap[2 * place + 1];
    const right = this.#heap[2 * place + 2];
    return right !== undefined && left !== undefined && right.isBefore(left) ? right : left;
  }

  #put(timer: QueuedTimer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }
}
