import type { Outbox, OutboxOptions } from '../../src/outbox/api.ts';
import { type Entry, type EntryRecord, fromRecord, isFinal, toRecord } from '../../src/outbox/entry.ts';
import { StoredOutbox } from '../../src/outbox/outbox.ts';
import type { Store } from '../../src/outbox/store.ts';
import type { Radio, World } from '../../src/outbox/world.ts';
import type { FakeClient } from './fake-client.ts';

interface Waiting {
  readonly tab: Tab;
  grant(): void;
}

/** A browser: one disk, one lock, and the tabs. Every step takes a few microtasks, so that a tab can die in between. */
export class TestBrowser {
  readonly records = new Map<number, EntryRecord>();
  /** Which database each record is in, by its number. */
  readonly places = new Map<number, string>();
  /** The number on disk of every message that was ever stored, by key. */
  readonly everStored = new Map<string, number>();
  readonly tabs: Tab[] = [];
  /** While set, every use of the disk fails with it. */
  broken: Error | undefined;
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
    this.places.set(order, place);
    this.records.set(order, { ...record, order });
    this.everStored.set(record.key, order);
    return order;
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

  tell(from: Tab, name: string, record: EntryRecord): void {
    for (const tab of this.tabs) if (tab !== from) tab.hear(name, record);
  }

  #next(): void {
    if (this.#turn) return;
    const next = this.#waiting.shift();
    this.#turn = next?.tab;
    next?.grant();
  }
}

/** A tab with an outbox. */
export class Tab implements World {
  readonly outbox: Outbox;
  readonly client: FakeClient;
  alive = true;
  #lost = false;
  readonly #browser: TestBrowser;
  readonly #radios = new Map<string, (record: EntryRecord) => void>();

  constructor(browser: TestBrowser, client: FakeClient, options: Partial<OutboxOptions>) {
    this.#browser = browser;
    this.client = client;
    this.outbox = new StoredOutbox(client.face, { user: 'ada', ...options, world: this });
  }

  /** It dies, and hears of nothing any more. What it had asked of the disk is still done, or not. */
  kill(isDone = true): void {
    this.alive = false;
    this.#lost = !isDone;
    this.client.die();
    // Its timers are gone too.
    this.outbox.close();
    this.#browser.giveUp(this);
    this.#browser.tabs.splice(this.#browser.tabs.indexOf(this), 1);
  }

  open(place: string): Promise<Store> {
    const { records, places } = this.#browser;
    const mine = ({ order }: EntryRecord) => places.get(order) === place;
    const all = () =>
      [...records.values()]
        .filter(mine)
        .sort((a, b) => a.order - b.order)
        .map(fromRecord);
    const alter = (order: number, change: (entry: Entry) => Entry | undefined) => {
      const record = records.get(order);
      const changed = record && change(fromRecord(structuredClone(record)));
      if (changed && isFinal(changed.status)) records.delete(order);
      else if (changed) records.set(order, structuredClone(toRecord(changed)));
      return changed ?? (record && fromRecord(record));
    };
    return this.#step(() => ({
      all: () => this.#step(all),
      add: (entry) => this.#step(() => this.#browser.add(place, structuredClone(toRecord({ ...entry, stored: true })))),
      update: (order, change) => this.#step(() => alter(order, change)),
      remove: (order) => this.#step(() => void records.delete(order)),
      claim: () => Promise.reject(new Error('there are locks')),
      close: () => {},
    }));
  }

  tune(name: string, hear: (record: EntryRecord) => void): Radio {
    this.#radios.set(name, hear);
    return {
      postMessage: (record) => {
        const copy = structuredClone(record);
        if (this.alive) void this.#step(() => this.#browser.tell(this, name, copy), true);
      },
      close: () => this.#radios.delete(name),
    };
  }

  hear(name: string, record: EntryRecord): void {
    if (this.alive) this.#radios.get(name)?.(structuredClone(record));
  }

  takeTurn(_name: string, { signal }: { readonly signal: AbortSignal }): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => this.#browser.giveUp(this);
      signal.addEventListener('abort', () => {
        giveUp();
        reject(signal.reason);
      });
      if (this.alive) this.#browser.queue({ tab: this, grant: () => resolve(giveUp) });
    });
  }

  async #step<Result>(act: () => Result, sure = false): Promise<Result> {
    if (!this.alive) return new Promise<never>(() => {});
    await microtasks(3);
    if (this.#lost && !sure) return new Promise<never>(() => {});
    if (this.#browser.broken && !sure) throw this.#browser.broken;
    const result = act();
    await microtasks(2);
    return this.alive || sure ? result : new Promise<never>(() => {});
  }
}

export async function microtasks(count: number): Promise<void> {
  for (let done = 0; done < count; done++) await Promise.resolve();
}
