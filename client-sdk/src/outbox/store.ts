import type { Entry, EntryRecord } from './entry.ts';
import { fromRecord, isFinal, toRecord } from './entry.ts';

/** Where entries survive the page. Every method rejects when the disk fails; each is one atomic step among all tabs. */
export interface Store {
  /** All entries, in their order. */
  all(): Promise<Entry[]>;
  /** Stores a new entry behind all others; the number that it got. */
  add(entry: Entry): Promise<number>;
  /**
   * Replaces an entry by what the function makes of it; one that has become final is removed. `undefined` leaves it.
   *
   * @returns the entry as it is afterwards; `undefined` where there is none
   */
  update(order: number, alter: (entry: Entry) => Entry | undefined): Promise<Entry | undefined>;
  remove(order: number): Promise<void>;
  /** Makes a tab the one that sends until a time, unless another is. @returns is it the one? */
  claim(tab: string, now: number, until: number): Promise<boolean>;
  close(): void;
}

// Safari may never answer a request to open. In milliseconds.
const OPENING = 5000;

interface Lease {
  readonly tab: string;
  readonly until: number;
}

/** Opens a database of IndexedDB. Rejects where the browser has none, or does not let this page use it. */
export function openStore(name: string): Promise<Store> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    const timer = setTimeout(() => reject(new Error('The database did not open in time.')), OPENING);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('messages', { keyPath: 'order', autoIncrement: true });
      request.result.createObjectStore('lease');
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      clearTimeout(timer);
      const { result: database } = request;
      // Somebody deletes it: without this they would wait for us.
      database.onversionchange = () => database.close();
      resolve(new DatabaseStore(database));
    };
  });
}

class DatabaseStore implements Store {
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  all(): Promise<Entry[]> {
    return this.#run('messages', 'readonly', (store, done) => {
      const request: IDBRequest<EntryRecord[]> = store.getAll();
      request.onsuccess = () => done(request.result.map(fromRecord));
    });
  }

  add(entry: Entry): Promise<number> {
    return this.#run('messages', 'readwrite', (store, done) => {
      const { order: _, ...record } = toRecord({ ...entry, stored: true });
      const request = store.add(record);
      request.onsuccess = () => done(Number(request.result));
      // A page that is closed right now has stored it nevertheless.
      store.transaction.commit?.();
    });
  }

  update(order: number, alter: (entry: Entry) => Entry | undefined): Promise<Entry | undefined> {
    return this.#run('messages', 'readwrite', (store, done) => {
      const request: IDBRequest<EntryRecord | undefined> = store.get(order);
      request.onsuccess = () => {
        const entry = request.result && fromRecord(request.result);
        const changed = entry && alter(entry);
        if (changed && isFinal(changed.status)) store.delete(order);
        else if (changed) store.put(toRecord(changed));
        done(changed ?? entry);
      };
    });
  }

  remove(order: number): Promise<void> {
    return this.#run('messages', 'readwrite', (store, done) => done(void store.delete(order)));
  }

  claim(tab: string, now: number, until: number): Promise<boolean> {
    return this.#run('lease', 'readwrite', (store, done) => {
      const request: IDBRequest<Lease | undefined> = store.get('sender');
      request.onsuccess = () => {
        const { result } = request;
        const free = !result || result.tab === tab || result.until <= now;
        if (free) store.put({ tab, until } satisfies Lease, 'sender');
        done(free);
      };
    });
  }

  close(): void {
    this.#database.close();
  }

  /** One transaction: resolves with what was given to `done`, once it is on disk. */
  #run<Result>(
    name: string,
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore, done: (result: Result) => void) => void,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(name, mode);
      let settle = () => {};
      transaction.oncomplete = () => settle();
      transaction.onabort = () => reject(transaction.error);
      act(transaction.objectStore(name), (result) => {
        settle = () => resolve(result);
      });
    });
  }
}
