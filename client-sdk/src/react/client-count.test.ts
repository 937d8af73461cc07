import { afterEach, expect, it, vi } from 'vitest';
import { countClient } from './client-count.ts';

afterEach(() => vi.restoreAllMocks());

it('warns once when a provider receives its fifth different client', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const seen = new Set<object>();
  const [first, second] = [{}, {}];
  for (let n = 0; n < 10; n++) countClient(seen, n % 2 === 0 ? first : second);
  countClient(seen, {});
  countClient(seen, {});
  expect(warn).not.toHaveBeenCalled();
  for (let n = 0; n < 10; n++) countClient(seen, {});
  expect(warn.mock.calls).toEqual([[expect.stringContaining('Make the client once, outside of components')]]);
  expect(seen.size).toBe(5);
});
