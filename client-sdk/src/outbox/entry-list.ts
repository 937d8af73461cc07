import { Emitter } from '../emitter.ts';
import type { SluiceError } from '../index.ts';
import { type Entry, isFinal, isNews, PENDING } from './entry.ts';

export interface OutboxQueueEvents {
  change: readonly Entry[];
  status: Entry;
  error: SluiceError;
  /** The disk is there, or there again. */
  disk: undefined;
}

// Between two numbers of the disk there is room for those that it did not take.
const UNSTORED = 2 ** -20;

// News of so many finished messages may be late.
const KEPT = 1000;

/** The entries as this page knows them, and those that it knows to be finished. */
export class EntryList extends Emitter<OutboxQueueEvents> {
  readonly #entries = new Map<string, Entry>();
  // Those that are final: late news must not bring them back.
  readonly #finished = new Map<string, Entry>();
  /** What this page has published and is not final, in this order. */
  protected readonly own = new Set<string>();
  #list: readonly Entry[] | undefined;
  #told = true;
  #last = 0;

  /** In the order in which they go out. */
  get list(): readonly Entry[] {
    this.#list ??= Object.freeze([...this.#entries.values()].sort((a, b) => a.order - b.order));
    return this.#list;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** How it ended, as long as that is remembered. */
  finished(key: string): Entry | undefined {
    return this.#finished.get(key);
  }

  /** The place of the last one that has a place. */
  protected get last(): number {
    return this.#last;
  }

  /** A place behind another one, and behind what this page has published before. */
  protected placeBehind(last: number, key: string): number {
    const own = [...this.own];
    const before = own.slice(0, own.indexOf(key)).map((other) => this.get(other)?.order ?? 0);
    return Math.max(last, ...before.filter((place) => place < PENDING)) + UNSTORED;
  }

  /** It is further back than was known: what this page published after it, and is in memory only, stays behind it. */
  #pushBack(key: string, order: number): void {
    if (!this.own.has(key) || order >= PENDING) return;
    const own = [...this.own];
    let last = order;
    for (const later of own.slice(own.indexOf(key) + 1)) {
      const entry = this.get(later);
      if (!entry || entry.stored || entry.order >= PENDING || entry.order > last) continue;
      last += UNSTORED;
      this.take({ ...entry, order: last });
    }
  }

  /**
   * Believes what is said of an entry, unless it is old news.
   *
   * @returns `false` where somebody still believes in an entry that is finished
   */
  protected take(entry: Entry): boolean {
    const { key, order, status } = entry;
    const known = this.#entries.get(key);
    const finished = this.#finished.get(key);
    if (finished && !isFinal(status)) return false;
    // That it was accepted is true whatever was said before.
    if (finished && (status !== 'accepted' || finished.status === status)) return true;
    if (known && !isFinal(status) && !isNews(entry, known)) return true;
    if (isFinal(status)) this.#finish(entry);
    else this.#entries.set(key, entry);
    if (order < PENDING) this.#last = Math.max(this.#last, order);
    this.#tell(entry);
    if (known && order !== known.order) this.#pushBack(key, order);
    return true;
  }

  /** It is not on disk any more: another tab has finished it, it seems. News of how are under way, or were missed. */
  protected drop(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#tell({ ...entry, status: 'discarded', version: entry.version + 1 });
  }

  #tell(entry: Entry): void {
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
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      this.emit('change', this.list);
    });
  }
}
