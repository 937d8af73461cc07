import type { Cancel } from '../timer.ts';
import type { Store } from './store.ts';

/** What a tab needs to become the one that sends. */
export interface TurnOptions {
  /** Ends the waiting, and the turn. */
  readonly signal: AbortSignal;
  readonly store: Store;
  /** The turn was lost to another tab, because this one stood still for too long. */
  lost(): void;
}

// Without Web Locks: how long a tab that has died keeps the turn, and how often a living one renews it. In milliseconds.
const LEASE = 6000;
const RENEW = 2000;

/**
 * Waits until this tab is the one that sends, among all that have the same outbox. A tab that is closed or dies gives its
 * turn to the next.
 *
 * @returns gives the turn up
 */
export function takeTurn(name: string, options: TurnOptions): Promise<Cancel> {
  // A page that was not served over HTTPS has none.
  const { locks } = globalThis.navigator ?? {};
  if (!locks) return takeLease(options);
  return takeLock(locks, name, options.signal).catch(() => {
    options.signal.throwIfAborted();
    return takeLease(options);
  });
}

function takeLock(locks: LockManager, name: string, signal: AbortSignal): Promise<Cancel> {
  return new Promise((resolve, reject) => {
    const hold = () => new Promise<void>((release) => resolve(() => release()));
    locks.request(name, { signal }, hold).catch(reject);
  });
}

async function takeLease({ store, signal, lost }: TurnOptions): Promise<Cancel> {
  const tab = crypto.getRandomValues(new Uint32Array(2)).join('-');
  const claim = () => store.claim(tab, Date.now(), Date.now() + LEASE);
  while (!(await claim())) {
    // Without Web Locks nothing tells that a lease has run out: it is asked for again.
    await new Promise((resolve) => setTimeout(resolve, RENEW));
    signal.throwIfAborted();
  }
  const timer = setInterval(() => {
    claim().then((ours) => ours || lost(), lost);
  }, RENEW);
  return () => {
    clearInterval(timer);
    store.claim(tab, Date.now(), 0).catch(() => {});
  };
}
