import { expect, it, vi } from 'vitest';
import { endInTime } from './end-in-time.ts';

it.each<[string, () => Promise<void>, boolean]>([
  ['has ended', () => Promise.resolve(), true],
  ['was lost', () => Promise.reject(new Error('lost')), true],
  ['does not end', () => new Promise(() => {}), false],
])('a connection that %s', async (_, end, expected) => {
  vi.useFakeTimers();
  try {
    const inTime = endInTime(end());
    await vi.advanceTimersByTimeAsync(2_000);
    expect([await inTime, vi.getTimerCount()]).toEqual([expected, 0]);
  } finally {
    vi.useRealTimers();
  }
});
