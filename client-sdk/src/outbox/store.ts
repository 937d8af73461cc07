import type { Entry, EntryRecord } from './entry.ts';
import { fromRecord, isFinal, toRecord } from './entry.ts';

/** The lease that names the tab which may send what is on disk. */
export interface Lease {
  /** The tab's name; empty if no tab leads. */
  readonly tab: string;
  /** Counts renewals: if it increases, the tab is alive. This needs no synchronized clocks. */
  readonly beat: number;
}

/** Writes of one transaction. */
export interface Writes {
  /** Entries with their numbers. */
  readonly put: readonly Entry[];
  /** Numbers of entries. */
  readonly remove: readonly number[];
}

/**
 * Stores entries beyond the page. Each method is one atomic step among all tabs. It rejects when
 * the disk fails, and may never settle if the browser is faulty. Steps that began before `close`
 * finish before any step of a store that is opened later.
 */
export interface Store {
  /** All entries, in order. */
  all(): Promise<Entry[]>;
  /** Stores a new entry after all others. @returns its number */
  add(entry: Entry): Promise<number>;
  /**
   * Replaces an entry by the result of `alter`, and removes it if that is final. `undefined` keeps
   * it. `alter` also receives the tab that may send.
   *
   * @returns the entry afterwards; `undefined` if there is none
   */
  update(order: number, alter: (entry: Entry, sender: string) => Entry | undefined): Promise<Entry | undefined>;
  remove(order: number): Promise<void>;
  /**
   * Reads everything and writes what `decide` returns. `life` identifies the database: a recreated
   * database has another value.
   *
   * @returns all entries afterwards
   */
  merge(decide: (entries: readonly Entry[], life: string) => Writes): Promise<Entry[]>;
  /** Replaces the lease by the result of `alter`; `undefined` keeps it. @returns the lease afterwards */
  lease(alter: (lease: Lease) => Lease | undefined): Promise<Lease>;
  /** Closes it after pending work. */
  close(): void;
  /** Closes it and aborts pending work if possible: no step takes effect later. */
  abandon(): void;
}

const NO_LEASE: Lease = { tab: '', beat: 0 };

/**
 * Opens a database of IndexedDB. Rejects if the browser has none or denies access. Never settles if
 * the browser is faulty.
 *
 * @param lost called when the browser closes the database, or another tab deletes it
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
      // The caller has given up. An open connection would block a tab that deletes the database.
      if (signal.aborted) return database.close();
      database.onclose = lost;
      // Another tab deletes the database and waits for this connection to close.
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
      // Commits early, so that the entry is stored even if the page is closed now.
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
        // The transaction is already committing. The next connection waits for it.
      }
    }
    this.close();
  }

  /** Runs one transaction and resolves with the argument of `done` once it is on disk. */
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
  request.onsuccess = () => done(request.result ?? NO_LEASE);
}

function readLife(store: IDBObjectStore, done: (life: string) => void): void {
  const request: IDBRequest<string | undefined> = store.get('life');
  request.onsuccess = () => {
    const life = request.result ?? crypto.getRandomValues(new Uint32Array(2)).join('-');
    if (request.result === undefined) store.put(life, 'life');
    done(life);
  };
}
