import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchdog } from './watchdog.mjs';

describe('Watchdog', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function setUp() {
    const hangs: (readonly string[])[] = [];
    return { hangs, watchdog: new Watchdog(1_000, (running) => hangs.push(running)) };
  }

  it('reports a command without any progress', () => {
    const { hangs } = setUp();
    vi.advanceTimersByTime(999);
    expect(hangs).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(hangs).toEqual([[]]);
  });

  it('waits as long as there is progress, and names the files that ran last', () => {
    const { hangs, watchdog } = setUp();
    watchdog.feed(['a.test.ts']);
    for (let n = 0; n < 100; n++) {
      vi.advanceTimersByTime(900);
      watchdog.feed();
    }
    expect(hangs).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(hangs).toEqual([['a.test.ts']]);
  });

  it('ends with the command', () => {
    const { hangs, watchdog } = setUp();
    watchdog.end();
    vi.advanceTimersByTime(10_000);
    expect([hangs, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
