import { Emitter } from '../emitter.ts';
import type { SluiceError } from '../index.ts';
import { type Entry, isFinal, isNews, PENDING } from './entry.ts';

export interface OutboxQueueEvents {
  change: readonly Entry[];
  status: Entry;
  error: SluiceError;
  /** The disk has opened or reopened. */
  disk: undefined;
}

// Entries that the disk rejected get places between two numbers of the disk.
const UNSTORED = 2 ** -20;

/** Finished entries to remember, so that late news about them is ignored. */
export const KEPT = 1000;

/** The unfinished entries that this page knows, and the latest finished ones. */
export class EntryList extends Emitter<OutboxQueueEvents> {
  readonly #entries = new Map<string, Entry>();
  // Final entries: late news must not restore them.
  readonly #finished = new Map<string, Entry>();
  /** The unfinished entries that this page published, in publishing order. */
  protected readonly own = new Set<string>();
  #list: readonly Entry[] | undefined;
  #announced = true;
  #last = 0;

  /** In sending order. */
  get list(): readonly Entry[] {
    this.#list ??= Object.freeze([...this.#entries.values()].sort((a, b) => a.order - b.order));
    return this.#list;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** The final entry, while it is remembered. */
  finished(key: string): Entry | undefined {
    return this.#finished.get(key);
  }

  /** The highest place that is assigned. */
  protected get last(): number {
    return this.#last;
  }

  /** A place after `last`, and after everything that this page published earlier. */
  protected placeBehind(last: number, key: string): number {
    const own = [...this.own];
    let highest = last;
    for (const other of own.slice(0, own.indexOf(key))) {
      const place = this.get(other)?.order ?? 0;
      if (place < PENDING) highest = Math.max(highest, place);
    }
    return highest + UNSTORED;
  }

  /**
   * An entry moved back. The entries that this page published later and holds in memory only must
   * stay behind it.
   */
  #pushBack(key: string, order: number): void {
    if (!this.own.has(key) || order >= PENDING) return;
    const own = [...this.own];
    let last = order;
    for (const later of own.slice(own.indexOf(key) + 1)) {
      const entry = this.get(later);
      if (!entry || entry.stored || entry.order >= PENDING || entry.order > last) continue;
      last += UNSTORED;
      this.apply({ ...entry, order: last });
    }
  }

  /**
   * Applies a newer version of an entry and ignores an older one.
   *
   * @returns `false` if the sender still treats a finished entry as unfinished
   */
  protected apply(entry: Entry): boolean {
    const { key, order, status } = entry;
    const known = this.#entries.get(key);
    const finished = this.#finished.get(key);
    if (finished && !isFinal(status)) return false;
    // An acceptance is always true, even after a discard.
    if (finished && (status !== 'accepted' || finished.status === status)) return true;
    if (known && !isFinal(status) && !isNews(entry, known)) return true;
    if (isFinal(status)) this.#finish(entry);
    else this.#entries.set(key, entry);
    if (order < PENDING) this.#last = Math.max(this.#last, order);
    this.#emitChange(entry);
    if (known && order !== known.order) this.#pushBack(key, order);
    return true;
  }

  /**
   * The entry is no longer on disk, so another tab has probably finished it. The news may be late
   * or lost.
   */
  protected drop(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#emitChange({ ...entry, status: 'discarded', version: entry.version + 1 });
  }

  #emitChange(entry: Entry): void {
    this.#list = undefined;
    this.emit('status', Object.freeze(entry));
    this.#announce();
  }

  #finish(entry: Entry): void {
    const { key } = entry;
    this.#entries.delete(key);
    this.own.delete(key);
    this.#finished.set(key, entry);
    const [oldest] = this.#finished.keys();
    if (this.#finished.size > KEPT && oldest !== undefined) this.#finished.delete(oldest);
  }

  #announce(): void {
    if (!this.#announced) return;
    this.#announced = false;
    queueMicrotask(() => {
      this.#announced = true;
      this.emit('change', this.list);
    });
  }
}
