import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TokenBroker } from './token-broker.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const holders = (count: number) => Array.from({ length: count }, () => ({ askToken: vi.fn<() => void>() }));

it('supplies the token of a tab without asking for one', () => {
  const [tab] = holders(1);
  const desk = new TokenBroker(() => (tab ? [tab] : []));
  desk.offer('one');
  expect([desk.take(), desk.handed, tab?.askToken.mock.calls.length]).toEqual(['one', 'one', 0]);
});

it('asks one tab after another until one answers', async () => {
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

it('asks a tab that connects later', async () => {
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
  expect(await taken).toBe('No tab supplied a token.');
});

it('does not supply a refused token again unless a tab offers it again', async () => {
  const desk = new TokenBroker(() => []);
  desk.offer('one');
  desk.take();
  const taken = desk.take();
  desk.offer('one');
  expect(await taken).toBe('one');
});
