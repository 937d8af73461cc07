import type { Cancel } from '../timer.ts';
import type { Clock } from './clock.ts';
import { acquireLock, type LockPlatform } from './lock.ts';
import type { Lease } from './store.ts';

/** What a tab needs to become the leader. */
export interface LeaderOptions {
  /** Aborts the wait, or ends the leadership. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /**
   * Is a stored message waiting for this tab to lead? If so, a leader that does not answer loses
   * the lock.
   */
  wanted(): boolean;
  /** Reads and alters the lease on disk. Rejects if the disk cannot be used. */
  lease(alter: (lease: Lease) => Lease | undefined): Promise<Lease>;
  /** Another tab leads now, because this one was frozen for too long. */
  lost(): void;
}

/** The leadership of this tab: only the leader sends what is on disk. */
export interface Leadership {
  /** The leader's name in the lease. A tab that finds another name there does not send. */
  readonly tab: string;
  /** `false` if this tab was frozen long enough for another tab to become the leader. */
  isFresh(): boolean;
  /** Gives up the leadership. */
  readonly release: Cancel;
}

// Without Web Locks: milliseconds between renewing its own lease or checking another tab's.
const RENEW = 2000;

// A lease that was not renewed for this number of checks has expired.
const CHECKS = 3;

// A tab that was frozen for longer checks its leadership before it sends. Shorter than the time
// after which it loses the lock. In milliseconds.
const FRESH = 3000;
const TICK = 1000;

/** The browser's platform. A page that was not served over HTTPS has no Web Locks. */
const browser: LockPlatform = {
  get locks() {
    return (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  },
  channel: (name) => new BroadcastChannel(name),
  isShown: () => !globalThis.document?.hidden,
};

/**
 * Waits until this tab leads the tabs with the same outbox. When the leader closes or crashes, the
 * next tab leads. A frozen leader loses the lock.
 */
export async function awaitLeadership(name: string, options: LeaderOptions, platform = browser): Promise<Leadership> {
  const tab = crypto.getRandomValues(new Uint32Array(2)).join('-');
  const release = await acquire(name, tab, options, platform);
  const { clock } = options;
  let ticked = clock();
  const timer = setInterval(() => {
    ticked = clock();
  }, TICK);
  return {
    tab,
    isFresh: () => clock() - ticked < FRESH,
    release: () => {
      clearInterval(timer);
      release();
    },
  };
}

async function acquire(name: string, tab: string, options: LeaderOptions, platform: LockPlatform): Promise<Cancel> {
  const { signal, lease } = options;
  try {
    const release = await acquireLock(name, options, platform);
    // The lease is also on disk, where writes of a tab that wakes up after it lost the lock are
    // refused. Without a disk there are no such writes.
    await lease(() => ({ tab, beat: 0 })).catch(() => {});
    return release;
  } catch {
    signal.throwIfAborted();
    // There are no locks, or they only throw, as in a sandbox.
    return acquireLease(tab, options);
  }
}

async function acquireLease(tab: string, { lease, signal, lost }: LeaderOptions): Promise<Cancel> {
  let seen: Lease | undefined;
  let checks = 0;
  for (;;) {
    const now = await lease((held) => {
      const isSame = held.tab === seen?.tab && held.beat === seen.beat;
      checks = isSame ? checks + 1 : 0;
      return !held.tab || checks >= CHECKS ? { tab, beat: 0 } : undefined;
    });
    if (now.tab === tab) break;
    seen = now;
    // Without Web Locks no event reports that a tab has died, so poll its lease.
    await new Promise((resolve) => setTimeout(resolve, RENEW));
    signal.throwIfAborted();
  }
  let isHeld = true;
  const timer = setInterval(() => {
    const renewed = lease(({ tab: holder, beat }) => (holder === tab ? { tab, beat: beat + 1 } : undefined));
    renewed.then((now) => now.tab === tab || end(), end);
  }, RENEW);
  const end = () => {
    clearInterval(timer);
    if (isHeld) lost();
    isHeld = false;
  };
  return () => {
    clearInterval(timer);
    isHeld = false;
    lease((held) => (held.tab === tab ? { tab: '', beat: 0 } : undefined)).catch(() => {});
  };
}
