import type { Clock, Timer } from '../util/clock.ts';
import type { Turn } from '../util/turn.ts';

/** Items that fall due at the end of this turn, or at the end of a later one. */
export class DueQueue<Item> {
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #timers = new Map<Item, Timer>();
  readonly #due = new Set<Item>();

  constructor(clock: Clock, turn: Turn) {
    this.#clock = clock;
    this.#turn = turn;
  }

  /** Adds an item that falls due in `wait` milliseconds; one that already waits keeps its time. */
  add(item: Item, wait: number): void {
    if (this.#timers.has(item)) return;
    if (wait <= 0) this.#fallDue(item);
    else
      this.#timers.set(
        item,
        this.#clock.after(wait, () => this.#fallDue(item)),
      );
  }

  #fallDue(item: Item): void {
    this.#timers.delete(item);
    this.#due.add(item);
    this.#turn.schedule();
  }

  delete(item: Item): void {
    this.#timers.get(item)?.cancel();
    this.#timers.delete(item);
    this.#due.delete(item);
  }

  /** Removes the items that are due. */
  take(): readonly Item[] {
    // Clearing a set allocates a table, even if the set is empty; in most turns nothing is due.
    if (this.#due.size === 0) return NOTHING;
    const due = [...this.#due];
    this.#due.clear();
    return due;
  }
}

const NOTHING: readonly never[] = [];
