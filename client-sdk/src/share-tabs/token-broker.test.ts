import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TokenBroker } from './token-broker.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const holders = (count: number) => Array.from({ length: count }, () => ({ askToken: vi.fn<() => void>() }));

it('hands out the token that came with a tab, without asking', () => {
  const [tab] = holders(1);
  const desk = new TokenBroker(() => (tab ? [tab] : []));
  desk.offer('one');
  expect([desk.take(), desk.handed, tab?.askToken.mock.calls.length]).toEqual(['one', 'one', 0]);
});

it('asks one tab after the other, until one has answered', async () => {
  const tabs = holders(3);
  const desk = new TokenBroker(() => tabs);
  const taken = desk.take();
  const asked = () => tabs.map(({ askToken }) => askToken.mock.calls.length);
  expect(asked()).toEqual([1, 0, 0]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked()).toEqual([1, 1, 0]);
  desk.offer('fresh');
  expect(await taken).toBe('fresh');
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked()).toEqual([1, 1, 0]);
});

it('asks a tab that comes later', async () => {
  const tabs: ReturnType<typeof holders> = [];
  const desk = new TokenBroker(() => tabs);
  void desk.take();
  tabs.push(...holders(1));
  await vi.advanceTimersByTimeAsync(5000);
  expect(tabs[0]?.askToken).toHaveBeenCalledOnce();
});

it('gives up after a minute', async () => {
  const desk = new TokenBroker(() => holders(1));
  const taken = Promise.resolve(desk.take()).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await taken).toBe('No tab gave a token.');
});

it('does not hand out a second time what was refused, unless a tab insists', async () => {
  const desk = new TokenBroker(() => []);
  desk.offer('one');
  desk.take();
  const taken = desk.take();
  desk.offer('one');
  expect(await taken).toBe('one');
});
