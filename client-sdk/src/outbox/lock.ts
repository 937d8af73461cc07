import type { Cancel } from '../timer.ts';

/** What is needed of a `BroadcastChannel`. */
export interface Postbox {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** What is needed of the Web Locks of the browser. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: AbortSignal },
    granted: () => Promise<void> | undefined,
  ): Promise<unknown>;
}

/** What the browser has for it. */
export interface LockPlatform {
  readonly locks?: Locks | undefined;
  readonly channel: (name: string) => Postbox;
  /** Is the page in front? */
  readonly isShown: () => boolean;
}

/** Whose lock it is. */
export interface LockOptions {
  /** Ends the waiting, and gives the lock back. */
  readonly signal: AbortSignal;
  /** Is it needed now? If so a holder that does not answer loses it. */
  wanted(): boolean;
  /** It was taken away. */
  lost(): void;
}

// How often a tab that waits asks whether the holder lives. In milliseconds.
const TICK = 1000;

// A holder that has not answered for so many ticks stands still. Tabs in the background leave its lock to the one in front.
const SHOWN = 4;
const HIDDEN = 12;

/**
 * Waits for a lock among the tabs. The browser passes it on when its holder is closed or dies. A holder that is frozen,
 * hangs, or stands in a debugger keeps it: it is asked, and the lock is taken from it when it does not answer.
 *
 * @returns gives it back. Rejects where there are no locks, or none that can be used
 */
export function takeLock(name: string, options: LockOptions, platform: LockPlatform): Promise<Cancel> {
  const { locks } = platform;
  if (!locks) return Promise.reject(new Error('There are no Web Locks.'));
  return new Promise((resolve, reject) => new Contender(name, locks, { ...options, platform, resolve, reject }));
}

interface ContenderSetup extends LockOptions {
  readonly platform: LockPlatform;
  resolve(release: Cancel): void;
  reject(error: unknown): void;
}

/** A tab that wants the lock, and then has it. */
class Contender {
  readonly #name: string;
  readonly #locks: Locks;
  readonly #setup: ContenderSetup;
  readonly #box: Postbox;
  readonly #timer: ReturnType<typeof setInterval>;
  // Ends the request that is under way.
  #waiting = new AbortController();
  #giveBack: Cancel | undefined;
  #silent = 0;
  #over = false;

  constructor(name: string, locks: Locks, setup: ContenderSetup) {
    this.#name = name;
    this.#locks = locks;
    this.#setup = setup;
    this.#box = setup.platform.channel(`${name} turn`);
    this.#box.onmessage = ({ data }) => this.#hear(data as 'who' | 'here');
    this.#timer = setInterval(() => this.#tick(), TICK);
    setup.signal.addEventListener('abort', this.#abort);
    this.#request(false);
  }

  #hear(message: 'who' | 'here'): void {
    if (message === 'here') this.#silent = 0;
    else if (this.#giveBack) this.#box.postMessage('here');
  }

  /** Ticks are counted, and no time is: one that stood still itself has counted none. */
  #tick(): void {
    const { wanted, platform } = this.#setup;
    if (this.#giveBack || !wanted()) this.#silent = 0;
    else if (this.#silent++ === 0) this.#box.postMessage('who');
    else if (this.#silent > (platform.isShown() ? SHOWN : HIDDEN)) {
      this.#silent = 0;
      this.#request(true);
    }
  }

  #request(steal: boolean): void {
    this.#waiting.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    // A lock cannot be stolen and waited for with a signal in one.
    this.#locks
      .request(this.#name, steal ? { steal } : { signal: waiting.signal }, () => this.#granted(waiting))
      .then(
        () => {},
        (error) => waiting.signal.aborted || this.#fail(error),
      );
  }

  #granted(waiting: AbortController): Promise<void> | undefined {
    if (this.#over || waiting !== this.#waiting) return undefined;
    return new Promise((giveBack) => {
      this.#giveBack = giveBack;
      this.#setup.resolve(() => this.#end());
    });
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    const { lost, reject } = this.#setup;
    const hadIt = this.#giveBack !== undefined;
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
    this.#box.close();
    this.#setup.signal.removeEventListener('abort', this.#abort);
    this.#waiting.abort();
    this.#giveBack?.();
  }
}
