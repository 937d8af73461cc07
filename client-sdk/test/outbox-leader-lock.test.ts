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

/** A tab that wants the turn. */
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
    // The timers of a test run on while a page is frozen: what they do with the disk must not happen.
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
  ['a lease alone', { locks: false }],
])('the turn, by %s', (_, options) => {
  it('belongs to one tab, which stands in the lease, until it gives it up', async () => {
    const [a, b] = await contenders(2, options);
    await pass(60_000);
    expect([holders(a, b), lease.now.tab, a.lost]).toEqual([[true, false], a.turn?.tab, 0]);
    a.turn?.release();
    await pass(2000);
    expect([holders(b), lease.now.tab]).toEqual([[true], b.turn?.tab]);
  });

  it('goes to the next when its tab dies', async () => {
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

  it.each([-HOUR, HOUR, -24 * HOUR, 24 * HOUR])('stays where it is when the clock is set by %i ms', async (ms) => {
    const [a, b] = await contenders(2, options);
    for (let n = 0; n < 5; n++) {
      vi.setSystemTime(Date.now() + ms);
      await pass(3000);
    }
    expect([holders(a, b), a.lost]).toEqual([[true, false], 0]);
  });

  it('is waited for no longer when that is ended, and leaves nothing behind', async () => {
    const timers = vi.getTimerCount();
    const [a, b] = await contenders(2, options);
    b.end.abort();
    await pass(2000);
    expect([b.rejected, b.turn]).toEqual([b.end.signal.reason, undefined]);
    a.turn?.release();
    await pass(10);
    expect([vi.getTimerCount() - timers, browser.openBoxes, browser.lockCount]).toEqual([0, 0, 0]);
  });

  it('is one that another tab may have taken, where its tab stood still', async () => {
    const [a] = await contenders(1, options);
    expect(a.turn?.isFresh()).toBe(true);
    await pass(60_000);
    expect(a.turn?.isFresh()).toBe(true);
    // The clock goes on, and no timer runs.
    vi.setSystemTime(Date.now() + 3000);
    expect(a.turn?.isFresh()).toBe(false);
  });
});

describe('the turn, by Web Locks', () => {
  it('is not taken from a tab that answers, however long it has it', async () => {
    const [a, b] = await contenders(2);
    await pass(10 * 60_000);
    expect([holders(a, b), a.lost]).toEqual([[true, false], 0]);
  });

  it('is not taken where there is nothing to send, and nobody is asked', async () => {
    const heard: unknown[] = [];
    browser.channel(browser.page(), 'outbox turn').onmessage = ({ data }) => heard.push(data);
    const [a, b] = await contenders(2);
    b.wants = false;
    heard.length = 0;
    a.page.freeze();
    await pass(60_000);
    expect([holders(b), heard]).toEqual([[false], []]);
    b.wants = true;
    await pass(5100);
    expect(holders(b)).toEqual([true]);
  });

  it('leaves no listener on its signal when it is given back', async () => {
    const [a] = await contenders(1);
    const removed = vi.spyOn(a.end.signal, 'removeEventListener');
    a.turn?.release();
    expect(removed).toHaveBeenCalledWith('abort', expect.any(Function));
  });

  it('is left to the tab in front by those in the background', async () => {
    const [a, b, c] = await contenders(3);
    b.shown = false;
    a.page.freeze();
    await pass(5500);
    expect(holders(b, c)).toEqual([false, true]);
  });

  it('is taken by a tab in the background where there is none in front', async () => {
    const [a, b] = await contenders(2);
    b.shown = false;
    a.page.freeze();
    await pass(5500);
    expect(holders(b)).toEqual([false]);
    await pass(8000);
    expect(holders(b)).toEqual([true]);
  });

  it('is had without a disk, too', async () => {
    lease.broken = true;
    const [a] = await contenders(1);
    expect(a.turn).toBeDefined();
  });

  it('falls back to the lease where locks only throw', async () => {
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

describe('the turn, by a lease alone', () => {
  it('cannot be had without a disk', async () => {
    lease.broken = true;
    const [a] = await contenders(1, { locks: false });
    expect([a.turn, a.rejected]).toEqual([undefined, expect.any(Error)]);
  });

  it('is lost with the disk', async () => {
    const [a] = await contenders(1, { locks: false });
    lease.broken = true;
    await pass(2000);
    expect(a.lost).toBe(1);
  });

  it('is not taken away by who was frozen longer than a lease lasts', async () => {
    const [a, b] = await contenders(2, { locks: false });
    b.page.freeze();
    await pass(60_000);
    b.page.thaw();
    await pass(1000);
    expect([holders(a, b), a.lost]).toEqual([[true, false], 0]);
  });
});
