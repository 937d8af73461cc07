/**
 * Remembers the outcome of stored messages while the database cannot be written, in `localStorage`.
 * Without it the next page would send a message again whose acceptance was not written.
 */
export interface Ledger {
  /** @param note when it was first sent, or `FINISHED` @returns whether it is stored */
  note(key: string, note: number): boolean;
  /** The notes, by key. */
  read(): Map<string, number>;
  forget(keys: Iterable<string>): void;
}

/** The message is accepted or discarded: its database entry must be removed. */
export const FINISHED = -1;

/** Opens the ledger of an outbox. If the page may not use `localStorage`, the ledger stores nothing. */
export function openLedger(name: string): Ledger {
  const prefix = `${name} `;
  // Even reading `localStorage` throws if storage is blocked.
  const attempt = <Result>(fallback: Result, act: (storage: Storage) => Result): Result => {
    try {
      return act(localStorage);
    } catch {
      return fallback;
    }
  };
  return {
    note: (key, note) =>
      attempt(false, (storage) => {
        storage.setItem(prefix + key, String(note));
        return true;
      }),
    read: () =>
      attempt(new Map(), (storage) => {
        const names = Object.keys(storage).filter((item) => item.startsWith(prefix));
        return new Map(names.map((item) => [item.slice(prefix.length), Number(storage.getItem(item))]));
      }),
    forget: (keys) =>
      attempt(undefined, (storage) => {
        for (const key of keys) storage.removeItem(prefix + key);
      }),
  };
}
