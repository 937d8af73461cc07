import { describe, expect, it } from 'vitest';
import type { AppendOptions } from '../engine.ts';
import { DAY, type EngineBench, HOUR } from './engine-bench.ts';

/** Retention by count and by age. */
export function testRetention(bench: () => EngineBench): void {
  describe('retention', () => {
    const keep = (count: number, age = HOUR): AppendOptions => ({ retention: { count, age }, window: 0 });

    it('keeps the newest by count', async () => {
      await bench().fill('a', 5, keep(2));
      expect(await bench().read('a')).toMatchObject({ head: 5, first: 4, messages: [{ offset: 4 }, { offset: 5 }] });
    });

    it('drops expired messages even without appends', async () => {
      await bench().fill('a', 2, keep(10, 1_000));
      bench().clock.advance(600);
      await bench().fill('a', 1, keep(10, 1_000));
      bench().clock.advance(400);
      expect(await bench().offsets('a')).toEqual([1, 2, 3]);
      bench().clock.advance(1);
      expect(await bench().read('a')).toMatchObject({ head: 3, first: 3 });
      bench().clock.advance(600);
      expect(await bench().read('a')).toMatchObject({ head: 3, first: 4, messages: [] });
    });

    it('of days keeps messages, epoch and offsets for days, even if the channel is unused', async () => {
      const week = { retention: { count: 10, age: 7 * DAY }, window: 0 };
      const { epoch } = await bench().append('a', week);
      await bench().pass(3 * DAY);
      expect(await bench().read('a')).toMatchObject({ epoch, head: 1, first: 1, messages: [{ offset: 1 }] });
      await bench().pass(4 * DAY + 1);
      expect(await bench().read('a')).toMatchObject({ epoch, head: 1, first: 2, messages: [] });
      expect(await bench().append('a', week)).toMatchObject({ epoch, offset: 2 });
    });

    it.each([1, 2, 499, 500, 501])('by a count of %i keeps exactly that number', async (count) => {
      await Promise.all(Array.from({ length: count }, () => bench().append('a', keep(count))));
      expect(await bench().read('a')).toMatchObject({ head: count, first: 1 });
      await bench().append('a', keep(count));
      const { first, messages } = await bench().read('a');
      expect({ first, kept: messages.length }).toEqual({ first: 2, kept: count });
    });

    it('keeps no messages once a rule keeps none, nor earlier ones', async () => {
      await bench().fill('a', 3, keep(10));
      await bench().append('a', { retention: null, window: 0 });
      expect(await bench().read('a')).toMatchObject({ head: 4, first: 5, messages: [] });
      await bench().append('a', keep(10));
      expect(await bench().offsets('a')).toEqual([5]);
    });

    it('follows the rule of the latest append', async () => {
      await bench().fill('a', 5, keep(10));
      await bench().append('a', keep(3));
      expect(await bench().offsets('a')).toEqual([4, 5, 6]);
    });
  });
}
