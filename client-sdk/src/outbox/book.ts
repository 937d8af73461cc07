import { Emitter } from '../emitter.ts';
import type { SluiceError } from '../index.ts';
import {
  type Change,
  deadline,
  type Entry,
  type EntryRecord,
  fromRecord,
  isFinal,
  outboxError,
  overdue,
  type Patience,
  PENDING,
  toRecord,
} from './entry.ts';
import type { Store } from './store.ts';
import type { Radio, World } from './world.ts';

export interface BookEvents {
  change: readonly Entry[];
  status: Entry;
  error: SluiceError;
}

// setTimeout takes no more milliseconds.
const LONGEST = 2 ** 31 - 1;

// News of so many finished messages may be late.
const FINISHED = 1000;

// Between two numbers of the disk there is room for those that it did not take.
const UNSTORED = 2 ** -10;

/** What is in the outbox: one list, that memory, disk and the other tabs agree on. */
export class Book extends Emitter<BookEvents> {
  persistent = true;
  /** The disk, while it can be used. */
  readonly store: Promise<Store | undefined>;
  readonly #patience: Patience;
  readonly #entries = new Map<string, Entry>();
  // Those that are final: late news must not bring them back.
  readonly #finished = new Map<string, Entry>();
  // What is on its way to the disk.
  readonly #storing = new Map<string, Promise<void>>();
  #list: readonly Entry[] | undefined;
  #disk: Store | undefined;
  #radio: Radio | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told = true;
  #closed = false;
  #last = 0;
  #pending = PENDING;

  constructor(name: string, { world, ...patience }: Patience & { readonly world: World }) {
    super();
    this.#patience = patience;
    this.store = world.open(name).then(
      (store) => {
        this.#disk = store;
        if (this.#closed) store.close();
        else this.#radio = world.tune(name, (record) => this.#hear(record));
        return store;
      },
      (error) => this.#fail(error),
    );
  }

  /** In the order in which they go out. */
  get list(): readonly Entry[] {
    this.#list ??= Object.freeze([...this.#entries.values()].sort((a, b) => a.order - b.order));
    return this.#list;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Takes a new entry in, and stores it. */
  add(draft: Omit<Entry, 'order'>): Entry {
    const entry = { ...draft, order: this.#pending++ };
    this.#take(entry);
    // With an open disk the request leaves in this same step: the page may be closed in the next.
    const adding = this.#disk ? this.#disk.add(entry) : this.store.then((store) => store?.add(entry));
    // And another one looks for it there, should this one die before it can tell its number.
    this.#radio?.postMessage(toRecord(entry));
    const stored = adding
      .catch((error) => this.#fail(error))
      .then((order) => {
        this.#storing.delete(entry.key);
        this.#stored(entry.key, order);
      });
    this.#storing.set(entry.key, stored);
    return entry;
  }

  /**
   * Changes an entry, on disk first. The function is given the entry as it is there, and may be called twice.
   *
   * @returns the entry afterwards; `undefined` where there is none any more
   */
  async change(key: string, alter: (entry: Entry) => Change | undefined): Promise<Entry | undefined> {
    await this.#storing.get(key);
    const known = this.#entries.get(key);
    if (!known || this.#closed) return undefined;
    const replace = (entry: Entry): Entry | undefined => {
      const change = alter(entry);
      return change && { ...entry, ...change, version: Math.max(entry.version, known.version) + 1 };
    };
    const changed = await this.#onDisk(known, replace);
    // Another tab has finished it; news of how are under way, or were missed.
    if (!changed) this.#take({ ...known, status: 'discarded', version: known.version + 1 });
    else if (changed.version > known.version) this.#tell(changed);
    else this.#take(changed);
    return changed;
  }

  /** What is known for certain: told at once, and removed from the disk. */
  finish(entry: Entry, change: Change): void {
    if (this.#closed) return;
    this.#tell({ ...entry, ...change, version: entry.version + 1 });
    // One that is still being stored is removed as soon as it has its number.
    if (entry.stored) this.#remove(entry.order);
  }

  /** Lets happen what happens by itself. */
  judge(key: string): Promise<Entry | undefined> {
    return this.change(key, (entry) => overdue(entry, Date.now(), this.#patience));
  }

  isOverdue(entry: Entry): boolean {
    return Date.now() >= deadline(entry, this.#patience);
  }

  /** Reads the disk for the first time, and tells all tabs what a page that has died may not have told them. */
  async load(): Promise<void> {
    await this.store;
    for (const entry of await this.refresh()) if (!this.#closed) this.#radio?.postMessage(toRecord(entry));
  }

  /** Reads the disk: what other tabs, or pages before this one, have left there. */
  async refresh(): Promise<readonly Entry[]> {
    try {
      const entries = (await this.#disk?.all()) ?? [];
      for (const entry of entries) this.#take(entry);
      return entries;
    } catch (error) {
      return this.#fail(error) ?? [];
    }
  }

  complain(error: SluiceError): void {
    // Not in the step in which the outbox is made: nobody listens yet.
    queueMicrotask(() => this.emit('error', error));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    // What is on its way to it arrives, or is taken back.
    void Promise.all(this.#storing.values()).then(() => {
      this.#radio?.close();
      this.#radio = undefined;
      this.#disk?.close();
    });
  }

  async #onDisk(known: Entry, replace: (entry: Entry) => Entry | undefined): Promise<Entry | undefined> {
    if (known.stored && this.#disk) {
      try {
        return await this.#disk.update(known.order, replace);
      } catch (error) {
        this.#fail(error);
      }
    }
    const now = this.#entries.get(known.key);
    return now && (replace(now) ?? now);
  }

  #stored(key: string, order: number | undefined): void {
    const entry = this.#entries.get(key);
    if (order === undefined) {
      if (entry) this.#take({ ...entry, order: this.#last + UNSTORED });
    } else if (entry) this.#tell({ ...entry, order, stored: true });
    else this.#correct(order, this.#finished.get(key));
  }

  #remove(order: number): void {
    this.#disk?.remove(order).catch((error) => this.#fail(error));
  }

  #hear(record: EntryRecord): void {
    if (this.#closed) return;
    if (record.order < PENDING) this.#take(fromRecord(record));
    else void this.refresh();
  }

  #tell(entry: Entry): void {
    this.#take(entry);
    if (entry.stored && !this.#closed) this.#radio?.postMessage(toRecord(entry));
  }

  /** Believes what is said of an entry, unless it is old news. */
  #take(entry: Entry): void {
    const { key, order, status } = entry;
    const known = this.#entries.get(key);
    const finished = this.#finished.get(key);
    if (finished && !isFinal(status)) {
      this.#correct(order, finished);
      return;
    }
    // That it was accepted is true whatever was said before.
    if (finished && (status !== 'accepted' || finished.status === status)) return;
    if (known && !isFinal(status) && !isNews(entry, known)) return;
    Object.freeze(entry);
    if (isFinal(status)) this.#finish(entry);
    else this.#entries.set(key, entry);
    if (order < PENDING) this.#last = Math.max(this.#last, order);
    this.#list = undefined;
    this.emit('status', entry);
    this.#announce();
  }

  /** Somebody still believes in an entry that is finished: a tab may have died between telling it and removing it. */
  #correct(order: number, finished: Entry | undefined): void {
    if (order >= PENDING) return;
    this.#remove(order);
    if (finished) this.#radio?.postMessage(toRecord({ ...finished, order }));
  }

  #finish(entry: Entry): void {
    const { key } = entry;
    this.#entries.delete(key);
    this.#finished.set(key, entry);
    const [oldest] = this.#finished.keys();
    if (this.#finished.size > FINISHED && oldest !== undefined) this.#finished.delete(oldest);
  }

  #announce(): void {
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      if (this.#closed) return;
      this.#schedule();
      this.emit('change', this.list);
    });
  }

  #schedule(least = 0): void {
    clearTimeout(this.#timer);
    const next = Math.min(...this.list.map((entry) => deadline(entry, this.#patience)));
    const pause = Math.min(Math.max(next - Date.now(), least), LONGEST);
    if (next < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#sweep(), pause);
  }

  #sweep(): void {
    for (const entry of this.list) if (this.isOverdue(entry)) void this.judge(entry.key);
    // The clock may have been a little early, and a disk may take its time.
    this.#schedule(1000);
  }

  #fail(error: unknown): undefined {
    if (!this.persistent || this.#closed) return;
    this.persistent = false;
    this.complain(outboxError('outbox_not_stored', error));
  }
}

/** Is it newer than what is known, or the same with its number on disk? */
function isNews(entry: Entry, known: Entry): boolean {
  return entry.version > known.version || (entry.version === known.version && entry.order !== known.order);
}
