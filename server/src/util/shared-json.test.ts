import { describe, expect, it } from 'vitest';
import { jsonOf, shareJson } from './shared-json.ts';

/** A value that counts how often it is encoded. */
function counted() {
  const value = { encoded: 0, toJSON: () => ({ n: ++value.encoded }) };
  return value;
}

describe('shareJson', () => {
  it('encodes a value once while it is shared, and anew afterwards', async () => {
    const value = counted();
    const texts = await shareJson(value, async () => {
      const first = jsonOf(value);
      await Promise.resolve();
      return [first, jsonOf(value)];
    });
    expect([...texts, jsonOf(value)]).toEqual(['{"n":1}', '{"n":1}', '{"n":2}']);
  });

  it('encodes other values, and what is not shared, each time', async () => {
    const [value, other] = [counted(), counted()];
    await shareJson(value, async () => [jsonOf(other), jsonOf(other), jsonOf('text')]);
    expect([value.encoded, other.encoded]).toEqual([0, 2]);
    expect(await shareJson('text', async () => jsonOf('text'))).toBe('"text"');
  });

  it('shares the latest of two values, and ends each by itself', async () => {
    const [first, second] = [counted(), counted()];
    let finish = () => {};
    const one = shareJson(
      first,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await shareJson(second, async () => [jsonOf(first), jsonOf(first), jsonOf(second), jsonOf(second)]);
    expect([first.encoded, second.encoded]).toEqual([2, 1]);
    finish();
    await one;
  });

  it('ends when the work fails', async () => {
    const value = counted();
    await expect(shareJson(value, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect([jsonOf(value), jsonOf(value)]).toEqual(['{"n":1}', '{"n":2}']);
  });
});
