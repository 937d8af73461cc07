import type { Cancel } from '../timer.ts';
import type { Clock } from './clock.ts';
import { type LockPlatform, takeLock } from './lock.ts';
import type { Lease } from './store.ts';

/** What a tab needs to become the leader. */
export interface LeaderOptions {
  /** Ends the waiting, and the leadership. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Is a message waiting for this tab to lead? Then a leader that does not answer is challenged. */
  wanted(): boolean;
  /** The lease on disk. Rejects where the disk cannot be used. */
  lease(alter: (lease: Lease) => Lease | undefined): Promise<Lease>;
  /** Another tab leads now, because this one was frozen for too long. */
  lost(): void;
}

/** That this tab leads: only the leader sends what is on disk. */
export interface Leadership {
  /** The name under which it stands in the lease: whoever finds another one there sends nothing. */
  readonly tab: string;
  /** `false` where this tab stood still for so long that another tab may lead now. */
  isFresh(): boolean;
  /** Gives it up. */
  readonly release: Cancel;
}

// Without Web Locks: how often a tab renews its lease, or looks at that of another. In milliseconds.
const RENEW = 2000;

// A lease that was not renewed between so many looks has ended.
const LOOKS = 3;

// Whoever stood still for so long asks for the turn again before it sends: less than it takes to lose it. In milliseconds.
const FRESH = 3000;
const TICK = 1000;

/** The browser. A page that was not served over HTTPS has no Web Locks. */
const browser: LockPlatform = {
  get locks() {
    return (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  },
  channel: (name) => new BroadcastChannel(name),
  isShown: () => !globalThis.document?.hidden,
};

/**
 * Waits until this tab is the one that sends, among all that have the same outbox. A tab that is closed or dies gives its
 * turn to the next; from one that stands still it is taken.
 */
export async function awaitLeadership(name: string, options: LeaderOptions, platform = browser): Promise<Leadership> {
  const tab = crypto.getRandomValues(new Uint32Array(2)).join('-');
  const release = await take(name, tab, options, platform);
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

async function take(name: string, tab: string, options: LeaderOptions, platform: LockPlatform): Promise<Cancel> {
  const { signal, lease } = options;
  try {
    const release = await takeLock(name, options, platform);
    // It stands on disk, too: there the writes of a tab that wakes up after its turn was taken are refused. Without a disk
    // nothing can be.
    await lease(() => ({ tab, beat: 0 })).catch(() => {});
    return release;
  } catch {
    signal.throwIfAborted();
    // No locks, or some that only throw, as in a sandbox.
    return takeLease(tab, options);
  }
}

async function takeLease(tab: string, { lease, signal, lost }: LeaderOptions): Promise<Cancel> {
  let seen: Lease | undefined;
  let looks = 0;
  for (;;) {
    const now = await lease((held) => {
      const isSame = held.tab === seen?.tab && held.beat === seen.beat;
      looks = isSame ? looks + 1 : 0;
      return !held.tab || looks >= LOOKS ? { tab, beat: 0 } : undefined;
    });
    if (now.tab === tab) break;
    seen = now;
    // Without Web Locks nothing tells that a tab has died: its lease is looked at again.
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
