import { backoff } from '../backoff.ts';
import type { Cancel } from '../timer.ts';
import type { Store } from './store.ts';

export interface DiskSetup {
  /** Opens the store. Calls `lost` if the browser closes it. */
  readonly open: (options: { readonly signal: AbortSignal; lost(): void }) => Promise<Store>;
  /** Calls back when the page is shown again or restored. @returns a function that removes the callback */
  readonly onWake: (run: () => void) => Cancel;
  /** Reconciles the store with this page's entries, before anything else uses the store. */
  readonly merge: (store: Store) => Promise<void>;
  /** The store is open and agrees with this page's entries. */
  readonly onOpen: () => void;
  /** Called for each attempt that fails. */
  readonly failed: (error: unknown) => void;
}

// Seconds that the browser has for one step. Seconds in which the page was frozen do not count.
const STEP_SECONDS = 10;

// Attempts in a row. Afterwards, one attempt when the page is shown again or the store is used.
const ATTEMPTS = 8;

/**
 * The store, reopened when it is lost. iOS closes the database of a page in the background, a disk
 * may be full, a profile broken, and a transaction may never end.
 */
export class Disk {
  /** Resolves when the first attempt to open it has ended. */
  readonly ready: Promise<void>;
  readonly #setup: DiskSetup;
  readonly #stopWaking: Cancel;
  // Pending steps: the function that rejects each, and its timeout.
  readonly #steps = new Map<(error: unknown) => void, ReturnType<typeof setInterval>>();
  #store: Store | undefined;
  #opening: Promise<void> | undefined;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(setup: DiskSetup) {
    this.#setup = setup;
    this.ready = this.#open();
    this.#stopWaking = setup.onWake(() => this.#wake());
  }

  get isOpen(): boolean {
    return this.#store !== undefined;
  }

  /**
   * Calls `act` with the store, synchronously if it is open. Rejects if the store is closed, fails
   * or times out; the store is then reopened.
   */
  use<Result>(act: (store: Store) => Promise<Result>): Promise<Result> {
    const store = this.#store;
    if (!store) {
      if (this.#failures > ATTEMPTS) this.#retry();
      return Promise.reject(new Error('The database is not open.'));
    }
    return this.#step(() => act(store)).then(
      (result) => {
        this.#failures = 0;
        return result;
      },
      (error) => {
        this.#lose(store, error);
        throw error;
      },
    );
  }

  /** Finishes pending work, then closes. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopWaking();
    for (const timer of this.#steps.values()) clearInterval(timer);
    this.#store?.close();
    this.#store = undefined;
  }

  /** The page was in the background: the store may be closed, and other tabs may have written. */
  #wake(): void {
    const store = this.#store;
    this.#failures = 0;
    if (store) this.#step(() => this.#setup.merge(store)).catch(() => this.#lose(store));
    else this.#retry();
  }

  /** Starts another attempt unless one is pending. */
  #retry(): void {
    if (this.#closed || this.#store || this.#opening) return;
    clearTimeout(this.#timer);
    void this.#open();
  }

  #open(): Promise<void> {
    this.#opening = this.#try().then((worthwhile) => {
      this.#opening = undefined;
      if (!this.#store && !this.#closed && worthwhile) this.#again();
    });
    return this.#opening;
  }

  /** @returns whether another attempt can succeed */
  async #try(): Promise<boolean> {
    const { open, merge, onOpen, failed } = this.#setup;
    const [giveUp, gone] = [new AbortController(), new AbortController()];
    let store: Store | undefined;
    try {
      const lost = () => {
        gone.abort();
        if (store) this.#lose(store);
      };
      const opened = await this.#step(() => open({ signal: giveUp.signal, lost }));
      store = opened;
      await this.#step(() => merge(opened));
      gone.signal.throwIfAborted();
      if (this.#closed) opened.close();
      else {
        this.#store = opened;
        onOpen();
      }
      return true;
    } catch (error) {
      giveUp.abort();
      store?.abandon();
      failed(error);
      // There is no IndexedDB at all: this is server-side rendering.
      return !(error instanceof ReferenceError);
    }
  }

  #lose(store: Store, error?: unknown): void {
    if (this.#store !== store) return;
    this.#store = undefined;
    store.abandon();
    // Their outcome is read when the store is reopened.
    for (const giveUp of this.#steps.keys()) giveUp(error ?? new Error('The browser closed the database.'));
    if (error) this.#setup.failed(error);
    this.#again();
  }

  /** Retries immediately after the first failure, then with backoff. */
  #again(): void {
    clearTimeout(this.#timer);
    const failures = ++this.#failures;
    if (failures === 1) this.#retry();
    else if (failures <= ATTEMPTS) this.#timer = setTimeout(() => this.#retry(), backoff(failures));
  }

  /** Runs a step of the browser with a timeout. */
  async #step<Result>(act: () => Promise<Result>): Promise<Result> {
    let giveUp = (_: unknown) => {};
    const given = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    let seconds = 0;
    const timer = setInterval(() => {
      if (++seconds >= STEP_SECONDS) giveUp(new Error('The database does not answer.'));
    }, 1000);
    this.#steps.set(giveUp, timer);
    if (this.#closed) clearInterval(timer);
    try {
      return await Promise.race([act(), given]);
    } finally {
      clearInterval(timer);
      this.#steps.delete(giveUp);
    }
  }
}
