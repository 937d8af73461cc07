/** The part of the browser's Web Locks (`navigator.locks`) that the tabs use. */
export interface Locks {
  request(
    name: string,
    options: { readonly mode?: 'exclusive' | 'shared'; readonly steal?: boolean; readonly signal?: AbortSignal },
    granted: () => Promise<void> | undefined,
  ): Promise<unknown>;
}

/** A lock that is held or requested. */
export interface Hold {
  /** Resolves when the lock is held. */
  readonly held: Promise<void>;
  /** Resolves when the lock is no longer held: it was released or stolen. */
  readonly gone: Promise<void>;
  /** Releases the lock, or cancels the request. */
  release(): void;
}

/**
 * Requests a lock and holds it until it is released. The browser releases it when the page or
 * worker dies.
 */
export function holdLock(locks: Locks, name: string, { steal = false } = {}): Hold {
  const waiting = new AbortController();
  let release = () => {};
  const kept = new Promise<void>((resolve) => {
    release = resolve;
  });
  let gone = Promise.resolve();
  const held = new Promise<void>((resolve) => {
    const granted = () => {
      resolve();
      return kept;
    };
    // The Web Locks API does not allow `steal` together with `signal`.
    const request = locks.request(name, steal ? { steal } : { signal: waiting.signal }, granted);
    gone = request.then(
      () => {},
      () => {},
    );
  });
  return {
    held,
    gone,
    release() {
      waiting.abort();
      release();
    },
  };
}

/**
 * Calls back when the lock is free: the sign that its page or worker has died, for whatever reason.
 *
 * @returns a function that cancels the request
 */
export function whenFree(locks: Locks, name: string, run: () => void): () => void {
  const waiting = new AbortController();
  const granted = () => {
    if (!waiting.signal.aborted) run();
    return undefined;
  };
  locks.request(name, { mode: 'shared', signal: waiting.signal }, granted).catch(() => {});
  return () => waiting.abort();
}
