import { backoff } from '../backoff.ts';
import type { Cancel } from '../timer.ts';
import type { Store } from './store.ts';

export interface DiskSetup {
  /** Opens the store. `lost`: the browser has closed it. */
  readonly open: (options: { readonly signal: AbortSignal; lost(): void }) => Promise<Store>;
  /** Calls back when the page is shown again, or comes back from where it was put away. @returns stops that */
  readonly onWake: (run: () => void) => Cancel;
  /** Brings the store and what is known here together, before anything else uses the store. */
  readonly merge: (store: Store) => Promise<void>;
  /** The store is there, and agrees with what is known here. */
  readonly back: () => void;
  /** It failed. Called again for each attempt that fails. */
  readonly failed: (error: unknown) => void;
}

// How many seconds the browser may take for one step. Seconds in which the page stood still do not count.
const PATIENCE = 10;

// So many attempts are made in a row; from then on one whenever the page is shown again, or somebody wants to use it.
const ATTEMPTS = 8;

/**
 * The store, opened again whenever it is lost. iOS closes the database of a page in the background; a disk may be full, a
 * profile broken, a transaction never end.
 */
export class Disk {
  /** Resolves when the first attempt to open it has come to an end. */
  readonly ready: Promise<void>;
  readonly #setup: DiskSetup;
  readonly #stopWaking: Cancel;
  // Steps that are under way: how to give them up, and what does so after a while.
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
   * Does something with the store, in this same step where it is open. Rejects when that fails, takes too long, or where
   * there is no store now; then it is opened again.
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

  /** What was begun is finished. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopWaking();
    for (const timer of this.#steps.values()) clearInterval(timer);
    this.#store?.close();
    this.#store = undefined;
  }

  /** The page was away: the store may be gone, and others may have written. */
  #wake(): void {
    const store = this.#store;
    this.#failures = 0;
    if (store) this.#step(() => this.#setup.merge(store)).catch(() => this.#lose(store));
    else this.#retry();
  }

  /** Another attempt, unless one is under way. */
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

  /** @returns may it be there another time? */
  async #try(): Promise<boolean> {
    const { open, merge, back, failed } = this.#setup;
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
        back();
      }
      return true;
    } catch (error) {
      giveUp.abort();
      store?.abandon();
      failed(error);
      // There is no IndexedDB at all: this is a server that renders pages.
      return !(error instanceof ReferenceError);
    }
  }

  #lose(store: Store, error?: unknown): void {
    if (this.#store !== store) return;
    this.#store = undefined;
    store.abandon();
    // What became of them is seen when it is opened again.
    for (const giveUp of this.#steps.keys()) giveUp(error ?? new Error('The browser closed the database.'));
    if (error) this.#setup.failed(error);
    this.#again();
  }

  /** At once when it worked until now, and less and less often while it does not. */
  #again(): void {
    clearTimeout(this.#timer);
    const failures = ++this.#failures;
    if (failures === 1) this.#retry();
    else if (failures <= ATTEMPTS) this.#timer = setTimeout(() => this.#retry(), backoff(failures));
  }

  /** Waits for a step of the browser, but not for ever. */
  async #step<Result>(act: () => Promise<Result>): Promise<Result> {
    let giveUp = (_: unknown) => {};
    const given = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    let seconds = 0;
    const timer = setInterval(() => {
      if (++seconds >= PATIENCE) giveUp(new Error('The database does not answer.'));
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
