import type { Change, Store } from '../store.ts';

/** Of one transaction. */
const MOST_CHANGES = 2_000;
const MOST_BYTES = 4 * 1024 * 1024;

/** Writes many changes into a store, in transactions of some size. */
export class Loader {
  readonly #store: Store;
  #changes: Change[] = [];
  #bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Resolves at once, or when those before it are written. */
  async put(...changes: Change[]): Promise<void> {
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += change.key.length + (change.value?.length ?? 0);
    }
    if (this.#changes.length >= MOST_CHANGES || this.#bytes >= MOST_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const changes = this.#changes;
    this.#changes = [];
    this.#bytes = 0;
    if (changes.length > 0) await this.#store.write(changes);
  }
}
