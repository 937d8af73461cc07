/** What is needed of the Web Locks of the browser (`navigator.locks`). */
export interface Locks {
  request(
    name: string,
    options: { readonly mode?: 'exclusive' | 'shared'; readonly steal?: boolean; readonly signal?: AbortSignal },
    granted: () => Promise<void> | undefined,
  ): Promise<unknown>;
}

/** A lock that is held, or waited for. */
export interface Hold {
  /** Resolves when it is held. */
  readonly held: Promise<void>;
  /** Resolves when it is not held any more: released, or stolen. */
  readonly gone: Promise<void>;
  /** Gives it back, or waits for it no longer. */
  release(): void;
}

/** Waits for a lock, and keeps it until it is released. The browser does that when the page or worker dies. */
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
    // A lock cannot be stolen and waited for with a signal in one.
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
 * Calls back when nobody holds a lock any more: the sign that a page or a worker is gone, however it died.
 *
 * @returns stops the waiting
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
