import type { Book } from './book.ts';
import { deadline, type Entry, overdue, type Patience } from './entry.ts';

// setTimeout takes no more milliseconds.
const LONGEST = 2 ** 31 - 1;

/** Lets happen, at its time, what happens to messages by itself. */
export class Deadlines {
  readonly #book: Book;
  readonly #patience: Patience;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(book: Book, patience: Patience) {
    this.#book = book;
    this.#patience = patience;
  }

  /** The list has changed. */
  look(least = 0): void {
    this.stop();
    const now = this.#book.clock();
    const next = Math.min(...this.#book.list.map((entry) => deadline(entry, this.#patience, now)));
    const pause = Math.min(Math.max(next - now, least), LONGEST);
    if (next < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#sweep(), pause);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  isOverdue(entry: Entry): boolean {
    const now = this.#book.clock();
    return now >= deadline(entry, this.#patience, now);
  }

  /** Lets happen what has happened by itself. */
  judge(key: string): Promise<Entry | undefined> {
    return this.#book.change(key, (entry) => overdue(entry, this.#book.clock(), this.#patience));
  }

  #sweep(): void {
    const { list, isMine } = this.#book;
    for (const entry of list) {
      if (this.isOverdue(entry) && (entry.status !== 'sent' || isMine(entry))) void this.judge(entry.key);
    }
    // The clock may have been a little early, and a disk may take its time.
    this.look(1000);
  }
}
