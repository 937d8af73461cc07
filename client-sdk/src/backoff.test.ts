import { afterEach, expect, it, vi } from 'vitest';
import { backoff } from './backoff.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  [0, 500],
  [1, 1000],
  [4, 8000],
  [6, 20_000],
  [2000, 20_000],
])('after %i failures it waits at most %i ms', (failures, most) => {
  const random = vi.spyOn(Math, 'random');
  random.mockReturnValue(0);
  expect(backoff(failures)).toBe(0);
  random.mockReturnValue(1 - Number.EPSILON);
  expect(backoff(failures)).toBe(most - 1);
});
