import type { SluiceError } from '../index.ts';
import { type Clock, steadyClock } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import { Disk } from './disk.ts';
import {
  type Change,
  type Entry,
  type EntryRecord,
  fromRecord,
  type Lifetimes,
  outboxError,
  PENDING,
  replacing,
  toRecord,
} from './entry.ts';
import { EntryList } from './entry-list.ts';
import { FINISHED, type Ledger } from './ledger.ts';
import { plan } from './merge.ts';
import type { Platform, TabChannel } from './platform.ts';
import type { Store } from './store.ts';

/** The outbox's messages: one list that memory, disk and the other tabs agree on. */
export class OutboxQueue extends EntryList {
  persistent = true;
  readonly clock: Clock = steadyClock();
  readonly deadlines: Deadlines;
  readonly disk: Disk;
  /** Does this tab send the entry? Only the sending tab may declare its outcome unknown. */
  isMine: (entry: Entry) => boolean = () => true;
  readonly #name: string;
  readonly #platform: Platform;
  readonly #ledger: Ledger;
  // Writes to the disk that are pending.
  readonly #storing = new Map<string, Promise<void>>();
  // Entries whose latest version is not on disk, because it could not be written.
  readonly #unwritten = new Set<string>();
  // Storing these failed, but the disk may hold them anyway.
  readonly #doubtful = new Set<string>();
  // After `clear`: remove what the disk holds and this page has not read yet.
  #clearing = false;
  #writing = false;
  #life: string | undefined;
  #tabChannel: TabChannel | undefined;
  #closed = false;
  #pending = PENDING;
  // Resolves when all entries that this page has published have their places.
  #placed: Promise<void> = Promise.resolve();

  constructor(name: string, { platform, ...lifetimes }: Lifetimes & { readonly platform: Platform }) {
    super();
    this.#name = name;
    this.#platform = platform;
    this.deadlines = new Deadlines(this, lifetimes);
    this.#ledger = platform.ledger(name);
    this.disk = new Disk({
      open: (options) => platform.open(name, options),
      onWake: (run) => platform.onWake(run),
      merge: (store) => this.#merge(store),
      onOpen: () => this.#opened(),
      failed: (error) => this.#fail(error),
    });
    this.on('change', () => this.#closed || this.deadlines.schedule());
  }

  /** Adds a new entry, and stores it. */
  add(draft: Omit<Entry, 'order'>): Entry {
    const entry = { ...draft, order: this.#pending++ };
    this.own.add(entry.key);
    this.#apply(entry);
    // The entry waits behind unwritten entries, and until it is known whether there is a disk.
    const isTaken = this.disk.isOpen && this.#unwritten.size === 0;
    this.#placed = isTaken ? this.#store(entry, this.#placed) : this.#wait(entry, this.#placed);
    return entry;
  }

  /**
   * Changes an entry, on disk first. `alter` receives the entry on disk, and may be called twice.
   *
   * @returns the entry afterwards; `undefined` if it no longer exists
   */
  async change(key: string, alter: (entry: Entry) => Change | undefined): Promise<Entry | undefined> {
    const known = await this.#settled(key);
    if (!known) return undefined;
    const replace = replacing(known, alter);
    const { order, stored } = known;
    if (!stored) return this.#changeHere(key, replace);
    try {
      return this.#changed(known, await this.disk.use((store) => store.update(order, replace)));
    } catch {
      return this.#changeHere(key, replace);
    }
  }

  /**
   * Records that an entry is sent, before the sender sends it. An entry with an unknown outcome
   * keeps the time of its first attempt.
   *
   * @param tab the leader's name in the lease
   * @returns the entry; `fenced` if another tab sends now; `unwritten` if nothing can be written,
   * so that the sender must wait
   */
  async mark(key: string, tab: string): Promise<Entry | 'fenced' | 'unwritten' | undefined> {
    const known = await this.#settled(key);
    if (!known) return undefined;
    const sentAt = this.clock();
    const replace = replacing(known, ({ status }) => (status === 'queued' ? { status: 'sent', sentAt } : undefined));
    const { order, stored, status } = known;
    if (!stored) {
      if (this.#doubtful.has(key)) this.#ledger.note(key, known.sentAt ?? sentAt);
      return this.#changeHere(key, replace);
    }
    let fenced = false;
    const fence = (entry: Entry, sender: string) => {
      fenced = sender !== tab;
      return fenced ? undefined : replace(entry);
    };
    try {
      const changed = await this.disk.use((store) => store.update(order, fence));
      return fenced ? 'fenced' : this.#changed(known, changed);
    } catch {
      if (status === 'queued' && !this.#ledger.note(key, sentAt)) return 'unwritten';
      this.#unwritten.add(key);
      return this.#changeHere(key, replace);
    }
  }

  /** Applies a final outcome immediately, and removes the entry from the disk. */
  finish(key: string, change: Change): void {
    const entry = this.get(key);
    if (!entry || this.#closed) return;
    this.#update({ ...entry, ...change, version: entry.version + 1 });
    // An entry that is still being stored is removed as soon as it has its number.
    if (entry.stored) this.#remove(key, entry.order);
    else if (this.#doubtful.has(key)) this.#removeLater(key);
  }

  /** Reads what other tabs or earlier pages have stored. */
  async refresh(): Promise<void> {
    await this.disk.ready;
    await this.disk.use((store) => this.#merge(store)).catch(() => {});
  }

  /** Discards everything, including entries on disk that this page has not read yet. */
  clear(): void {
    for (const { key } of this.list) this.finish(key, { status: 'discarded' });
    this.#clearing = true;
    void this.refresh();
  }

  reportError(error: SluiceError): void {
    // Deferred, because there are no handlers yet in the turn that creates the outbox.
    queueMicrotask(() => this.emit('error', error));
  }

  close(): void {
    this.#closed = true;
    this.deadlines.stop();
    // Pending writes finish or are undone.
    void Promise.all(this.#storing.values()).then(() => {
      this.#tabChannel?.close();
      this.#tabChannel = undefined;
      this.disk.close();
    });
  }

  async #settled(key: string): Promise<Entry | undefined> {
    await this.#storing.get(key);
    return this.#closed ? undefined : this.get(key);
  }

  /** Applies the result of a change on disk. */
  #changed(known: Entry, changed: Entry | undefined): Entry | undefined {
    if (!changed) this.drop(known.key);
    else if (changed.version > known.version) this.#update(changed);
    else this.#apply(changed);
    return changed;
  }

  /** Changes it in memory. The disk is updated when it can be written. */
  #changeHere(key: string, replace: (entry: Entry) => Entry | undefined): Entry | undefined {
    const now = this.get(key);
    const changed = now && replace(now);
    if (!changed) return now;
    this.#unwritten.add(key);
    this.#update(changed);
    this.#write();
    return changed;
  }

  async #wait({ key }: Entry, before: Promise<void>): Promise<void> {
    await this.disk.ready;
    await before;
    this.#unstored(key, this.last);
  }

  /** @param before resolves when the entries that were published earlier have their places */
  #store(entry: Entry, before: Promise<void>): Promise<void> {
    const { key } = entry;
    const { last } = this;
    // With an open disk the request starts synchronously: the page may be closed in the next turn.
    const adding = this.disk.use((store) => store.add(entry));
    // Another tab looks for the entry on disk if this one dies before it can announce the number.
    this.#tabChannel?.postMessage(toRecord(entry));
    const placed = adding.then(
      (order) => {
        this.#storing.delete(key);
        this.#stored(key, order);
      },
      async () => {
        this.#doubtful.add(key);
        await before;
        this.#storing.delete(key);
        if (this.finished(key)) this.#removeLater(key);
        this.#unstored(key, last);
      },
    );
    this.#storing.set(key, placed);
    return placed;
  }

  #stored(key: string, order: number): void {
    const entry = this.get(key);
    if (entry) this.#update({ ...entry, order, stored: true });
    else this.#correct(key, order);
  }

  /**
   * The disk rejected the entry: it stays in memory until the disk is open again.
   *
   * @param last the place that it must stay behind
   */
  #unstored(key: string, last: number): void {
    const entry = this.get(key);
    if (!entry || entry.stored) return;
    this.#unwritten.add(key);
    if (entry.order >= PENDING) this.#apply({ ...entry, order: this.placeBehind(last, key) });
    this.#write();
  }

  #remove(key: string, order: number): void {
    this.disk.use((store) => store.remove(order)).catch(() => this.#removeLater(key));
  }

  /** The disk's copy must be removed: by this page when it can, or by the next page. */
  #removeLater(key: string): void {
    this.#ledger.note(key, FINISHED);
    this.#unwritten.add(key);
    this.#write();
  }

  /** Writes the backlog if the disk is open again. */
  #write(): void {
    if (this.#writing) return;
    this.#writing = true;
    queueMicrotask(() => {
      this.#writing = false;
      if (this.#unwritten.size > 0 && this.disk.isOpen && !this.#closed) void this.refresh();
    });
  }

  #opened(): void {
    this.persistent = true;
    // A page that has died may not have announced these.
    for (const entry of this.list) {
      if (entry.stored) this.#tabChannel?.postMessage(toRecord(entry));
      else this.#unwritten.add(entry.key);
    }
    this.#write();
    this.emit('disk', undefined);
  }

  /** Reconciles the disk and this page. */
  async #merge(store: Store): Promise<void> {
    if (!this.#closed)
      this.#tabChannel ??= this.#platform.openTabChannel(this.#name, (record) => this.#receive(record));
    const notes = this.#ledger.read();
    const clearing = this.#clearing;
    const before = this.list.filter(({ stored }) => stored);
    const writing = new Set(this.#unwritten);
    const doubtful = [...this.#doubtful];
    this.#unwritten.clear();
    const isGone = (key: string) => this.finished(key) !== undefined || (writing.has(key) && !this.get(key));
    let life = '';
    let late: readonly Entry[] = [];
    try {
      const entries = await store.merge((onDisk, name) => {
        life = name;
        late = onDisk.filter(({ key }) => this.finished(key));
        return plan(onDisk, {
          entries: this.list,
          get: (key) => this.get(key),
          isFinished: (key) => isGone(key) || (clearing && !this.get(key)),
          notes,
          isNew: this.#life !== undefined && this.#life !== life,
        });
      });
      this.#life = life;
      this.#ledger.forget(notes.keys());
      for (const key of doubtful) this.#doubtful.delete(key);
      this.#agree(entries, before);
      for (const { key, order } of late) this.#announceOutcome(key, order);
      if (clearing) this.#clearing = false;
    } catch (error) {
      for (const key of writing) this.#unwritten.add(key);
      throw error;
    }
  }

  #agree(entries: readonly Entry[], before: readonly Entry[]): void {
    for (const entry of entries) {
      const known = this.get(entry.key);
      if (known && !known.stored && known.version >= entry.version) this.#stored(entry.key, entry.order);
      else if (known || !this.#clearing) this.#apply(entry);
      else this.#remove(entry.key, entry.order);
    }
    const left = new Set(entries.map(({ key }) => key));
    for (const { key } of before) if (!left.has(key)) this.drop(key);
  }

  #receive(record: EntryRecord): void {
    if (this.#closed) return;
    if (record.order < PENDING) this.#apply(fromRecord(record));
    else void this.refresh();
  }

  #update(entry: Entry): void {
    this.#apply(entry);
    if (entry.stored && !this.#closed) this.#tabChannel?.postMessage(toRecord(entry));
  }

  #apply(entry: Entry): void {
    if (!this.apply(entry)) this.#correct(entry.key, entry.order);
  }

  /**
   * The sender treats a finished entry as unfinished: a tab may have died between announcing it and
   * removing it.
   */
  #correct(key: string, order: number): void {
    if (order >= PENDING) return;
    this.#remove(key, order);
    this.#announceOutcome(key, order);
  }

  /** Announces the final outcome to tabs that may have read the entry from disk. */
  #announceOutcome(key: string, order: number): void {
    const finished = this.finished(key);
    if (finished) this.#tabChannel?.postMessage(toRecord({ ...finished, order }));
  }

  #fail(error: unknown): void {
    if (!this.persistent || this.#closed) return;
    this.persistent = false;
    this.reportError(outboxError('outbox_not_stored', error));
  }
}
