import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { steadyClock } from '../src/outbox/clock.ts';
import { awaitLeadership, type Leadership } from '../src/outbox/leader-lock.ts';
import type { LockPlatform } from '../src/outbox/lock.ts';
import { FakeBrowser, type FakePage } from './support/fake-browser.ts';
import { pass } from './support/fake-gateway.ts';
import { MemoryLease } from './support/memory-lease.ts';

const HOUR = 3_600_000;

let browser: FakeBrowser;
let lease: MemoryLease;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000_000 });
  browser = new FakeBrowser();
  lease = new MemoryLease();
});

afterEach(() => vi.useRealTimers());

/** A tab that wants to lead. */
class Contender {
  readonly page: FakePage = browser.page();
  readonly end = new AbortController();
  turn: Leadership | undefined;
  wants = true;
  shown = true;
  lost = 0;
  rejected: unknown;

  constructor({ locks = true } = {}) {
    const { page } = this;
    const platform: LockPlatform = {
      ...(locks && { locks: page.locks }),
      channel: (name) => page.channel(name),
      isShown: () => this.shown,
    };
    // The timers of a test keep running while a page is frozen. Their disk access must not happen.
    const use: MemoryLease['use'] = (alter) =>
      page.state === 'running' ? lease.use(alter) : new Promise((resolve) => page.run(() => resolve(lease.use(alter))));
    const options = {
      signal: this.end.signal,
      clock: steadyClock(),
      wanted: () => this.wants && page.state === 'running',
      lease: use,
      lost: () => {
        this.lost++;
      },
    };
    void awaitLeadership('outbox', options, platform).then(
      (turn) => {
        this.turn = turn;
      },
      (error) => {
        this.rejected = error;
      },
    );
  }
}

async function contenders(count: number, options = {}): Promise<[Contender, Contender, Contender]> {
  const list: Contender[] = [];
  for (let n = 0; n < count; n++) {
    list.push(new Contender(options));
    await pass(10);
  }
  return list as [Contender, Contender, Contender];
}

const holders = (...list: Contender[]) => list.map(({ turn }) => turn !== undefined);

describe.each([
  ['Web Locks', { locks: true }],
  ['a lease only', { locks: false }],
])('the leadership, by %s', (_, options) => {
  it('belongs to one tab, which is named in the lease until it gives up', async () => {
    const [a, b] = await contenders(2, options);
    await pass(60_000);
    expect([holders(a, b), lease.now.tab, a.lost]).toEqual([[true, false], a.turn?.tab, 0]);
    a.turn?.release();
    await pass(2000);
    expect([holders(b), lease.now.tab]).toEqual([[true], b.turn?.tab]);
  });

  it('passes to the next tab when the leader dies', async () => {
    const [a, b] = await contenders(2, options);
    a.page.kill();
    await pass(10_000);
    expect(b.turn).toBeDefined();
  });

  it.each(['frozen', 'frozen, with the clock set back', 'frozen, with the clock set forward'])(
    'is taken from a tab that is %s, which notices before it does anything else',
    async (how) => {
      const [a, b] = await contenders(2, options);
      a.page.freeze();
      if (how.endsWith('back')) vi.setSystemTime(Date.now() - HOUR);
      if (how.endsWith('forward')) vi.setSystemTime(Date.now() + HOUR);
      await pass(12_000);
      expect([holders(b), lease.now.tab]).toEqual([[true], b.turn?.tab]);
      a.page.thaw();
      await pass(2000);
      expect([a.lost, b.lost, lease.now.tab]).toEqual([1, 0, b.turn?.tab]);
    },
  );

  it.each([-HOUR, HOUR, -24 * HOUR, 24 * HOUR])('does not move when the clock is set by %i ms', async (ms) => {
    const [a, b] = await contenders(2, options);
    for (let n = 0; n < 5; n++) {
      vi.setSystemTime(Date.now() + ms);
      await pass(3000);
    }
    expect([holders(a, b), a.lost]).toEqual([[true, false], 0]);
  });

  it('is not awaited after an abort, which leaves nothing open', async () => {
    const timers = vi.getTimerCount();
    const [a, b] = await contenders(2, options);
    b.end.abort();
    await pass(2000);
    expect([b.rejected, b.turn]).toEqual([b.end.signal.reason, undefined]);
    a.turn?.release();
    await pass(10);
    expect([vi.getTimerCount() - timers, browser.openBoxes, browser.lockCount]).toEqual([0, 0, 0]);
  });

  it('may have moved to another tab while the leader was frozen', async () => {
    const [a] = await contenders(1, options);
    expect(a.turn?.isFresh()).toBe(true);
    await pass(60_000);
    expect(a.turn?.isFresh()).toBe(true);
    // Time passes, but no timer fires.
    vi.setSystemTime(Date.now() + 3000);
    expect(a.turn?.isFresh()).toBe(false);
  });
});

describe('the leadership, by Web Locks', () => {
  it('is not taken from a leader that answers, for however long', async () => {
    const [a, b] = await contenders(2);
    await pass(10 * 60_000);
    expect([holders(a, b), a.lost]).toEqual([[true, false], 0]);
  });

  it('is not taken, and no tab is asked, if there is nothing to send', async () => {
    const received: unknown[] = [];
    browser.channel(browser.page(), 'outbox turn').onmessage = ({ data }) => received.push(data);
    const [a, b] = await contenders(2);
    b.wants = false;
    received.length = 0;
    a.page.freeze();
    await pass(60_000);
    expect([holders(b), received]).toEqual([[false], []]);
    b.wants = true;
    await pass(5100);
    expect(holders(b)).toEqual([true]);
  });

  it('leaves no listener on its signal after release', async () => {
    const [a] = await contenders(1);
    const removed = vi.spyOn(a.end.signal, 'removeEventListener');
    a.turn?.release();
    expect(removed).toHaveBeenCalledWith('abort', expect.any(Function));
  });

  it('is left to the visible tab by background tabs', async () => {
    const [a, b, c] = await contenders(3);
    b.shown = false;
    a.page.freeze();
    await pass(5500);
    expect(holders(b, c)).toEqual([false, true]);
  });

  it('passes to a background tab if no tab is visible', async () => {
    const [a, b] = await contenders(2);
    b.shown = false;
    a.page.freeze();
    await pass(5500);
    expect(holders(b)).toEqual([false]);
    await pass(8000);
    expect(holders(b)).toEqual([true]);
  });

  it('does not need a disk', async () => {
    lease.broken = true;
    const [a] = await contenders(1);
    expect(a.turn).toBeDefined();
  });

  it('falls back to the lease if the locks throw', async () => {
    const page = browser.page();
    const locks = { request: () => Promise.reject(new DOMException('sandboxed', 'SecurityError')) };
    const turn = await awaitLeadership(
      'outbox',
      {
        signal: new AbortController().signal,
        clock: steadyClock(),
        wanted: () => true,
        lease: lease.use,
        lost: () => {},
      },
      { locks, channel: (name) => page.channel(name), isShown: () => true },
    );
    expect(lease.now.tab).toBe(turn.tab);
  });
});

describe('the leadership, by a lease only', () => {
  it('needs a disk', async () => {
    lease.broken = true;
    const [a] = await contenders(1, { locks: false });
    expect([a.turn, a.rejected]).toEqual([undefined, expect.any(Error)]);
  });

  it('ends when the disk is lost', async () => {
    const [a] = await contenders(1, { locks: false });
    lease.broken = true;
    await pass(2000);
    expect(a.lost).toBe(1);
  });

  it('is not ended by a tab that was frozen longer than a lease lasts', async () => {
    const [a, b] = await contenders(2, { locks: false });
    b.page.freeze();
    await pass(60_000);
    b.page.thaw();
    await pass(1000);
    expect([holders(a, b), a.lost]).toEqual([[true, false], 0]);
  });
});
