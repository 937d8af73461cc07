import type { Outbox, OutboxOptions } from '../../src/outbox/api.ts';
import { type Entry, type EntryRecord, fromRecord, isFinal, toRecord } from '../../src/outbox/entry.ts';
import type { LeaderOptions, Leadership } from '../../src/outbox/leader-lock.ts';
import type { Ledger } from '../../src/outbox/ledger.ts';
import { StoredOutbox } from '../../src/outbox/outbox.ts';
import type { Platform, TabChannel } from '../../src/outbox/platform.ts';
import type { Lease, Store, Writes } from '../../src/outbox/store.ts';
import type { FakeClient } from './fake-client.ts';

interface Waiting {
  readonly tab: Tab;
  grant(): void;
}

/** The next step on the disk fails or never answers, before or after it took effect. */
export type Fault = 'fail' | 'fail-after' | 'hang' | 'hang-after';

/**
 * A browser with one disk, one lock and tabs. Every step takes a few microtasks, so that a tab can
 * die in between.
 */
export class TestBrowser {
  readonly records = new Map<number, EntryRecord>();
  /** The database of each record, by the record's number. */
  readonly places = new Map<number, string>();
  /** The number under which each message was first stored, by key. */
  readonly everStored = new Map<string, number>();
  /** Records of deleted databases, by key. A live page stores them again. */
  readonly deleted = new Set<string>();
  /** The content of `localStorage`. */
  readonly notes = new Map<string, number>();
  readonly tabs: Tab[] = [];
  /** While set, every use of the disk fails with this error. */
  broken: Error | undefined;
  /** Can pages use `localStorage`? */
  keepsNotes = true;
  lease: Lease = { tab: '', beat: 0 };
  life = 1;
  #last = 0;
  #turn: Tab | undefined;
  #waiting: Waiting[] = [];

  open(client: FakeClient, options: Partial<OutboxOptions> = {}): Tab {
    const tab = new Tab(this, client, options);
    this.tabs.push(tab);
    return tab;
  }

  add(place: string, record: EntryRecord): number {
    const order = ++this.#last;
    this.put(place, { ...record, order });
    return order;
  }

  put(place: string, record: EntryRecord): void {
    const { order, key } = record;
    this.#last = Math.max(this.#last, Math.floor(order));
    this.places.set(order, place);
    this.records.set(order, structuredClone(record));
    this.deleted.delete(key);
    if (!this.everStored.has(key)) this.everStored.set(key, order);
  }

  /** Another tab deletes the database: pages must close it. */
  delete(): void {
    for (const { key } of this.records.values()) this.deleted.add(key);
    this.records.clear();
    this.lease = { tab: '', beat: 0 };
    this.life++;
    this.#last = 0;
    for (const tab of this.tabs) tab.loseDisk();
  }

  queue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#next();
  }

  giveUp(tab: Tab): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.tab !== tab);
    if (this.#turn === tab) this.#turn = undefined;
    this.#next();
  }

  broadcast(from: Tab, name: string, record: EntryRecord): void {
    for (const tab of this.tabs) if (tab !== from) tab.receive(name, record);
  }

  #next(): void {
    if (this.#turn) return;
    const next = this.#waiting.shift();
    this.#turn = next?.tab;
    next?.grant();
  }
}

/** A connection to the disk. Its steps run one after another, like transactions on one store. */
class TestStore implements Store {
  readonly #tab: Tab;
  readonly #browser: TestBrowser;
  readonly #place: string;
  readonly #lost: () => void;
  #steps: Promise<unknown> = Promise.resolve();
  #state: 'open' | 'closed' | 'abandoned' = 'open';

  constructor(tab: Tab, browser: TestBrowser, place: string, lost: () => void) {
    this.#tab = tab;
    this.#browser = browser;
    this.#place = place;
    this.#lost = lost;
  }

  all(): Promise<Entry[]> {
    return this.#step(() => this.#all());
  }

  add(entry: Entry): Promise<number> {
    return this.#step(() => this.#browser.add(this.#place, toRecord({ ...entry, stored: true })));
  }

  update(order: number, change: (entry: Entry, sender: string) => Entry | undefined): Promise<Entry | undefined> {
    const { records } = this.#browser;
    return this.#step(() => {
      const record = records.get(order);
      const changed = record && change(fromRecord(structuredClone(record)), this.#browser.lease.tab);
      if (changed && isFinal(changed.status)) records.delete(order);
      else if (changed) records.set(order, structuredClone(toRecord(changed)));
      return changed ?? (record && fromRecord(record));
    });
  }

  remove(order: number): Promise<void> {
    return this.#step(() => void this.#browser.records.delete(order));
  }

  merge(decide: (entries: readonly Entry[], life: string) => Writes): Promise<Entry[]> {
    return this.#step(() => {
      const { put, remove } = decide(this.#all(), `life ${this.#browser.life}`);
      for (const order of remove) this.#browser.records.delete(order);
      for (const entry of put) this.#browser.put(this.#place, toRecord(entry));
      return this.#all();
    });
  }

  lease(alter: (lease: Lease) => Lease | undefined): Promise<Lease> {
    return this.#step(() => {
      this.#browser.lease = alter(this.#browser.lease) ?? this.#browser.lease;
      return this.#browser.lease;
    });
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  close(): void {
    if (this.#state === 'open') this.#state = 'closed';
  }

  abandon(): void {
    this.#state = 'abandoned';
  }

  /** The browser closes the connection: pending steps are undone. */
  cut(tells: boolean): void {
    if (this.#state !== 'open') return;
    this.abandon();
    if (tells) queueMicrotask(this.#lost);
  }

  #all(): Entry[] {
    const mine = [...this.#browser.records.values()].filter(
      ({ order }) => this.#browser.places.get(order) === this.#place,
    );
    return mine.sort((a, b) => a.order - b.order).map((record) => fromRecord(structuredClone(record)));
  }

  #step<Result>(act: () => Result): Promise<Result> {
    if (this.#state !== 'open') return Promise.reject(new Error('the connection is closed'));
    const before = this.#steps;
    const step = this.#tab.step(async () => {
      await before;
      if (this.#state === 'abandoned') throw new Error('the transaction was aborted');
      return this.#tab.withFault(act);
    });
    this.#steps = step.catch(() => {});
    return step;
  }
}

/** A tab with an outbox. */
export class Tab implements Platform {
  readonly outbox: Outbox;
  readonly client: FakeClient;
  alive = true;
  /** The outcome of the next steps on the disk, including opening it. */
  readonly faults: (Fault | undefined)[] = [];
  #lost = false;
  readonly #browser: TestBrowser;
  readonly #tabChannels = new Map<string, (record: EntryRecord) => void>();
  readonly #stores = new Set<TestStore>();
  readonly #wakers = new Set<() => void>();
  readonly #sleepers = new Set<() => void>();

  constructor(browser: TestBrowser, client: FakeClient, options: Partial<OutboxOptions>) {
    this.#browser = browser;
    this.client = client;
    this.outbox = new StoredOutbox(client.face, { user: 'ada', ...options, platform: this });
  }

  /** Kills the tab: it receives nothing more. Its pending disk steps take effect or not. */
  kill(isDone = true): void {
    this.alive = false;
    this.#lost = !isDone;
    this.client.die();
    // Its timers are removed, too.
    this.outbox.close();
    this.#browser.giveUp(this);
    this.#browser.tabs.splice(this.#browser.tabs.indexOf(this), 1);
  }

  /** The browser closes the database under the page, as iOS does in the background. */
  loseDisk(tells = true): void {
    for (const store of this.#stores) store.cut(tells);
  }

  get hasDisk(): boolean {
    return [...this.#stores].some(({ isOpen }) => isOpen);
  }

  /** Shows the page again. */
  wake(): void {
    for (const run of [...this.#wakers]) run();
  }

  /** Hides the page. */
  sleep(): void {
    for (const run of [...this.#sleepers]) run();
  }

  open(place: string, { signal, lost }: { readonly signal: AbortSignal; lost(): void }): Promise<Store> {
    return this.step(() =>
      this.withFault(() => {
        const store = new TestStore(this, this.#browser, place, lost);
        if (signal.aborted) store.close();
        else this.#stores.add(store);
        return store;
      }),
    );
  }

  ledger(name: string): Ledger {
    const { notes } = this.#browser;
    const prefix = `${name} `;
    return {
      note: (key, note) => {
        if (this.alive && this.#browser.keepsNotes) notes.set(prefix + key, note);
        return this.#browser.keepsNotes;
      },
      read: () =>
        new Map(
          [...notes].flatMap(([key, note]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), note]] : [])),
        ),
      forget: (keys) => {
        if (this.alive) for (const key of keys) notes.delete(prefix + key);
      },
    };
  }

  onWake(run: () => void): () => void {
    this.#wakers.add(run);
    return () => this.#wakers.delete(run);
  }

  onSleep(run: () => void): () => void {
    this.#sleepers.add(run);
    return () => this.#sleepers.delete(run);
  }

  /** Listeners that are still registered. */
  get listeners(): number {
    return this.#wakers.size + this.#sleepers.size + this.#tabChannels.size;
  }

  openTabChannel(name: string, receive: (record: EntryRecord) => void): TabChannel {
    this.#tabChannels.set(name, receive);
    return {
      postMessage: (record) => {
        const copy = structuredClone(record);
        if (this.alive) void this.step(() => this.#browser.broadcast(this, name, copy), true);
      },
      close: () => this.#tabChannels.delete(name),
    };
  }

  receive(name: string, record: EntryRecord): void {
    if (this.alive) this.#tabChannels.get(name)?.(structuredClone(record));
  }

  async awaitLeadership(_name: string, { signal, lease }: LeaderOptions): Promise<Leadership> {
    const tab = `tab ${this.#browser.tabs.indexOf(this)} ${crypto.randomUUID()}`;
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        this.#browser.giveUp(this);
        reject(signal.reason);
      });
      if (this.alive) this.#browser.queue({ tab: this, grant: resolve });
    });
    await lease(() => ({ tab, beat: 0 })).catch(() => {});
    return { tab, isFresh: () => true, release: () => this.#browser.giveUp(this) };
  }

  async step<Result>(act: () => Result | Promise<Result>, sure = false): Promise<Result> {
    if (!this.alive) return new Promise<never>(() => {});
    await microtasks(3);
    if (this.#lost && !sure) return new Promise<never>(() => {});
    if (this.#browser.broken && !sure) throw this.#browser.broken;
    const result = await act();
    await microtasks(2);
    return this.alive || sure ? result : new Promise<never>(() => {});
  }

  withFault<Result>(act: () => Result): Result | Promise<Result> {
    const fault = this.faults.shift();
    if (fault === 'fail') throw new Error('the disk failed');
    if (fault === 'hang') return new Promise<never>(() => {});
    const result = act();
    if (fault === 'fail-after') throw new Error('the disk failed, after it had written');
    return fault === 'hang-after' ? new Promise<never>(() => {}) : result;
  }
}

export async function microtasks(count: number): Promise<void> {
  for (let done = 0; done < count; done++) await Promise.resolve();
}
