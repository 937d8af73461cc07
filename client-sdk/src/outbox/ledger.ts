/**
 * Remembers what became of stored messages while the database cannot be written, in a store that does not depend on it:
 * `localStorage`. Without it a message whose acceptance was not written would be sent again by the next page.
 */
export interface Ledger {
  /** @param note when it was first sent, or `FINISHED` @returns is it kept? */
  note(key: string, note: number): boolean;
  /** What was noted, by key. */
  read(): Map<string, number>;
  forget(keys: Iterable<string>): void;
}

/** The message is accepted or discarded: what the database holds of it is to be removed. */
export const FINISHED = -1;

/** The ledger of an outbox. Where the page may not use `localStorage` it keeps nothing. */
export function openLedger(name: string): Ledger {
  const prefix = `${name} `;
  // Even to look at it throws where storage is blocked.
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
