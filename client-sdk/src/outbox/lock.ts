import type { Cancel } from '../timer.ts';

/** The part of `BroadcastChannel` that the lock uses. */
export interface LockChannel {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** The part of the browser's Web Locks that the lock uses. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: AbortSignal },
    granted: () => Promise<void> | undefined,
  ): Promise<unknown>;
}

/** The browser features that the lock uses. */
export interface LockPlatform {
  readonly locks?: Locks | undefined;
  readonly channel: (name: string) => LockChannel;
  /** Is the page visible? */
  readonly isShown: () => boolean;
}

/** Options of `acquireLock`. */
export interface LockOptions {
  /** Aborts the wait, or releases the lock. */
  readonly signal: AbortSignal;
  /** Is the lock needed now? If so, a holder that does not answer loses it. */
  wanted(): boolean;
  /** Another tab took the lock. */
  lost(): void;
}

// Milliseconds between two checks whether the holder is alive.
const TICK = 1000;

// Ticks without an answer after which the holder counts as frozen. Background tabs wait longer, so
// that the visible tab gets the lock.
const SHOWN = 4;
const HIDDEN = 12;

/**
 * Waits for a lock among the tabs. The browser passes it on when its holder closes or crashes. A
 * holder that is frozen, hangs or is paused in a debugger keeps it: the next tab asks the holder,
 * and steals the lock if there is no answer.
 *
 * @returns a function that releases the lock; rejects if the browser has no usable locks
 */
export function acquireLock(name: string, options: LockOptions, platform: LockPlatform): Promise<Cancel> {
  const { locks } = platform;
  if (!locks) return Promise.reject(new Error('There are no Web Locks.'));
  return new Promise((resolve, reject) => new Contender(name, locks, { ...options, platform, resolve, reject }));
}

interface ContenderSetup extends LockOptions {
  readonly platform: LockPlatform;
  resolve(release: Cancel): void;
  reject(error: unknown): void;
}

/** A tab that waits for the lock, and then holds it. */
class Contender {
  readonly #name: string;
  readonly #locks: Locks;
  readonly #setup: ContenderSetup;
  readonly #channel: LockChannel;
  readonly #timer: ReturnType<typeof setInterval>;
  // Aborts the pending request.
  #waiting = new AbortController();
  #release: Cancel | undefined;
  #unanswered = 0;
  #over = false;

  constructor(name: string, locks: Locks, setup: ContenderSetup) {
    this.#name = name;
    this.#locks = locks;
    this.#setup = setup;
    this.#channel = setup.platform.channel(`${name} turn`);
    this.#channel.onmessage = ({ data }) => this.#receive(data as 'who' | 'here');
    this.#timer = setInterval(() => this.#tick(), TICK);
    setup.signal.addEventListener('abort', this.#abort);
    this.#request(false);
  }

  #receive(message: 'who' | 'here'): void {
    if (message === 'here') this.#unanswered = 0;
    else if (this.#release) this.#channel.postMessage('here');
  }

  /** Counts ticks instead of time, because a frozen tab does not tick. */
  #tick(): void {
    const { wanted, platform } = this.#setup;
    if (this.#release || !wanted()) this.#unanswered = 0;
    else if (this.#unanswered++ === 0) this.#channel.postMessage('who');
    else if (this.#unanswered > (platform.isShown() ? SHOWN : HIDDEN)) {
      this.#unanswered = 0;
      this.#request(true);
    }
  }

  #request(steal: boolean): void {
    this.#waiting.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    // The Web Locks API does not allow `steal` together with `signal`.
    this.#locks
      .request(this.#name, steal ? { steal } : { signal: waiting.signal }, () => this.#granted(waiting))
      .then(
        () => {},
        (error) => waiting.signal.aborted || this.#fail(error),
      );
  }

  #granted(waiting: AbortController): Promise<void> | undefined {
    if (this.#over || waiting !== this.#waiting) return undefined;
    return new Promise((release) => {
      this.#release = release;
      this.#setup.resolve(() => this.#end());
    });
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    const { lost, reject } = this.#setup;
    const hadIt = this.#release !== undefined;
    this.#end();
    if (hadIt) lost();
    else reject(error);
  }

  readonly #abort = () => {
    this.#end();
    this.#setup.reject(this.#setup.signal.reason);
  };

  #end(): void {
    this.#over = true;
    clearInterval(this.#timer);
    this.#channel.close();
    this.#setup.signal.removeEventListener('abort', this.#abort);
    this.#waiting.abort();
    this.#release?.();
  }
}
