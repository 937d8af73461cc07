import type { Entry, EntryRecord } from './entry.ts';
import { fromRecord, isFinal, toRecord } from './entry.ts';

/** Which tab may send what is on disk. */
export interface Lease {
  /** The tab's name; empty: none. */
  readonly tab: string;
  /** Counts how often the tab has renewed it: whoever sees it count knows that the tab lives, without a clock. */
  readonly beat: number;
}

/** What is written in one step. */
export interface Writes {
  /** Entries with their numbers. */
  readonly put: readonly Entry[];
  /** Numbers. */
  readonly remove: readonly number[];
}

/**
 * Where entries survive the page. Each method is one atomic step among all tabs. It rejects when the disk fails, and may
 * never settle where the browser is at fault; what was begun before `close` is done before anything of a store opened later.
 */
export interface Store {
  /** All entries, in their order. */
  all(): Promise<Entry[]>;
  /** Stores a new entry behind all others; the number that it got. */
  add(entry: Entry): Promise<number>;
  /**
   * Replaces an entry by what the function makes of it; one that has become final is removed. `undefined` leaves it. The
   * function is also told which tab may send.
   *
   * @returns the entry as it is afterwards; `undefined` where there is none
   */
  update(order: number, alter: (entry: Entry, sender: string) => Entry | undefined): Promise<Entry | undefined>;
  remove(order: number): Promise<void>;
  /**
   * Looks at everything and writes what the function decides. `life` names the database: a new one, made after the old
   * one was deleted, has another name.
   *
   * @returns all entries afterwards
   */
  merge(decide: (entries: readonly Entry[], life: string) => Writes): Promise<Entry[]>;
  /** Replaces the lease by what the function makes of it; `undefined` leaves it. @returns the lease afterwards */
  lease(alter: (lease: Lease) => Lease | undefined): Promise<Lease>;
  /** What was begun is finished. */
  close(): void;
  /** Closes it, and takes back what was begun, as far as that is possible: none of it happens later. */
  abandon(): void;
}

const NOBODY: Lease = { tab: '', beat: 0 };

/**
 * Opens a database of IndexedDB. Rejects where the browser has none, or does not let this page use it; where the browser
 * is at fault it never settles.
 *
 * @param lost the browser closed the database, or somebody deletes it
 */
export function openStore(name: string, { signal, lost }: { signal: AbortSignal; lost(): void }): Promise<Store> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('messages', { keyPath: 'order', autoIncrement: true });
      request.result.createObjectStore('lease');
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const { result: database } = request;
      // Nobody waits for it any more: left open, it would stand in the way of whoever deletes it.
      if (signal.aborted) return database.close();
      database.onclose = lost;
      // Somebody deletes it: without this they would wait for us.
      database.onversionchange = () => {
        database.close();
        lost();
      };
      resolve(new DatabaseStore(database));
    };
  });
}

type Act<Result> = (stores: (name: 'messages' | 'lease') => IDBObjectStore, done: (result: Result) => void) => void;

class DatabaseStore implements Store {
  readonly #database: IDBDatabase;
  readonly #open = new Set<IDBTransaction>();

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  all(): Promise<Entry[]> {
    return this.#run(['messages'], 'readonly', (stores, done) => read(stores('messages'), done));
  }

  add(entry: Entry): Promise<number> {
    return this.#run(['messages'], 'readwrite', (stores, done) => {
      const store = stores('messages');
      const { order: _, ...record } = toRecord({ ...entry, stored: true });
      const request = store.add(record);
      request.onsuccess = () => done(Number(request.result));
      // A page that is closed right now has stored it nevertheless.
      store.transaction.commit?.();
    });
  }

  update(order: number, alter: (entry: Entry, sender: string) => Entry | undefined): Promise<Entry | undefined> {
    return this.#run(['messages', 'lease'], 'readwrite', (stores, done) => {
      const store = stores('messages');
      readLease(stores('lease'), ({ tab }) => {
        const request: IDBRequest<EntryRecord | undefined> = store.get(order);
        request.onsuccess = () => {
          const entry = request.result && fromRecord(request.result);
          const changed = entry && alter(entry, tab);
          if (changed && isFinal(changed.status)) store.delete(order);
          else if (changed) store.put(toRecord(changed));
          done(changed ?? entry);
        };
      });
    });
  }

  remove(order: number): Promise<void> {
    return this.#run(['messages'], 'readwrite', (stores, done) => done(void stores('messages').delete(order)));
  }

  merge(decide: (entries: readonly Entry[], life: string) => Writes): Promise<Entry[]> {
    return this.#run(['messages', 'lease'], 'readwrite', (stores, done) => {
      const store = stores('messages');
      readLife(stores('lease'), (life) => {
        read(store, (entries) => {
          const { put, remove } = decide(entries, life);
          for (const order of remove) store.delete(order);
          for (const entry of put) store.put(toRecord(entry));
          read(store, done);
        });
      });
    });
  }

  lease(alter: (lease: Lease) => Lease | undefined): Promise<Lease> {
    return this.#run(['lease'], 'readwrite', (stores, done) => {
      readLease(stores('lease'), (lease) => {
        const changed = alter(lease);
        if (changed) stores('lease').put(changed, 'sender');
        done(changed ?? lease);
      });
    });
  }

  close(): void {
    this.#database.close();
  }

  abandon(): void {
    for (const transaction of this.#open) {
      try {
        transaction.abort();
      } catch {
        // It is being written already: whoever opens the database next waits for it.
      }
    }
    this.close();
  }

  /** One transaction: resolves with what was given to `done`, once it is on disk. */
  #run<Result>(names: string[], mode: IDBTransactionMode, act: Act<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(names, mode);
      this.#open.add(transaction);
      let settle = () => {};
      transaction.oncomplete = () => {
        this.#open.delete(transaction);
        settle();
      };
      transaction.onabort = () => {
        this.#open.delete(transaction);
        reject(transaction.error ?? new Error('The transaction was aborted.'));
      };
      act(
        (name) => transaction.objectStore(name),
        (result) => {
          settle = () => resolve(result);
        },
      );
    });
  }
}

function read(store: IDBObjectStore, done: (entries: Entry[]) => void): void {
  const request: IDBRequest<EntryRecord[]> = store.getAll();
  request.onsuccess = () => done(request.result.map(fromRecord));
}

function readLease(store: IDBObjectStore, done: (lease: Lease) => void): void {
  const request: IDBRequest<Lease | undefined> = store.get('sender');
  request.onsuccess = () => done(request.result ?? NOBODY);
}

function readLife(store: IDBObjectStore, done: (life: string) => void): void {
  const request: IDBRequest<string | undefined> = store.get('life');
  request.onsuccess = () => {
    const life = request.result ?? crypto.getRandomValues(new Uint32Array(2)).join('-');
    if (request.result === undefined) store.put(life, 'life');
    done(life);
  };
}
