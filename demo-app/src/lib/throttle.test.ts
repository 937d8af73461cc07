import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttle } from './throttle.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('runs at once, and then once for all calls in between', () => {
  const run = vi.fn();
  const { call } = throttle(run, 1000);
  for (let times = 0; times < 5; times++) call();
  expect(run).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(999);
  expect(run).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(10_000);
  expect(run).toHaveBeenCalledTimes(2);
});

it('runs at once again after a pause', () => {
  const run = vi.fn();
  const { call } = throttle(run, 1000);
  call();
  vi.advanceTimersByTime(1000);
  call();
  expect(run).toHaveBeenCalledTimes(2);
});

it('flushes without running twice', () => {
  const run = vi.fn();
  const { call, flush } = throttle(run, 1000);
  call();
  call();
  flush();
  vi.advanceTimersByTime(10_000);
  expect(run).toHaveBeenCalledTimes(2);
});

it('cancels a pending run', () => {
  const run = vi.fn();
  const { call, cancel } = throttle(run, 1000);
  call();
  call();
  cancel();
  vi.advanceTimersByTime(10_000);
  expect(run).toHaveBeenCalledTimes(1);
});
