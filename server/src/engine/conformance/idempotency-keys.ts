import { describe, expect, it } from 'vitest';
import { type AppendOptions, HeadMoved } from '../engine.ts';
import { DAY, type EngineBench, HOUR, KEEP, NONE } from './engine-bench.ts';

/** Idempotency keys and their windows. */
export function testIdempotencyKeys(bench: () => EngineBench): void {
  describe('a key', () => {
    const keyed = (key: string, window = 1_000): AppendOptions => ({ ...KEEP, key, window });

    it('appends and announces once, and answers a repeat like the first publish', async () => {
      await bench().watch('a');
      const first = await bench().append('a', keyed('k'));
      const repeat = await bench().append('a', keyed('k'));
      expect(repeat).toEqual(first);
      await expect.poll(() => bench().offsetsOf('a')).toEqual([1]);
    });

    it('appends once, also if both arrive at the same time', async () => {
      const [first, repeat] = await Promise.all([bench().append('a', keyed('k')), bench().append('a', keyed('k'))]);
      expect(repeat).toEqual(first);
      expect((await bench().read('a')).head).toBe(1);
    });

    it('is one of its channel', async () => {
      const results = [await bench().append('a', keyed('k')), await bench().append('b', keyed('k'))];
      expect(results.map(({ id }) => id)).toEqual(['m1', 'm2']);
    });

    it('is remembered as long as its window, and no longer', async () => {
      await bench().append('a', keyed('k'));
      bench().clock.advance(999);
      expect(await bench().append('a', keyed('k'))).toMatchObject({ offset: 1 });
      bench().clock.advance(1);
      expect(await bench().append('a', keyed('k'))).toMatchObject({ offset: 2 });
    });

    it('is not prolonged by a repeat', async () => {
      await bench().append('a', keyed('k'));
      bench().clock.advance(600);
      await bench().append('a', keyed('k'));
      bench().clock.advance(600);
      expect(await bench().append('a', keyed('k'))).toMatchObject({ offset: 2 });
    });

    it('is prolonged by a repeat that renews it', async () => {
      const first = await bench().append('a', keyed('k'));
      for (let at = 0; at < 3; at++) {
        bench().clock.advance(600);
        expect(await bench().append('a', { ...keyed('k'), renews: true })).toEqual(first);
      }
      bench().clock.advance(999);
      expect(await bench().append('a', keyed('k'))).toEqual(first);
      bench().clock.advance(1);
      expect(await bench().append('a', keyed('k'))).toMatchObject({ offset: 2 });
    });

    it('is not shortened by a repeat that renews it', async () => {
      const first = await bench().append('a', keyed('k'));
      expect(await bench().append('a', { ...keyed('k', 10), renews: true })).toEqual(first);
      bench().clock.advance(999);
      expect(await bench().append('a', keyed('k'))).toEqual(first);
    });

    it('appends nothing if it was forgotten and the head has moved', async () => {
      const { epoch, offset } = await bench().append('a', keyed('k'));
      bench().clock.advance(1_000);
      const renewal = { ...keyed('k'), renews: true, expected: { epoch, offset: offset - 1 } } as const;
      await expect(bench().append('a', renewal)).rejects.toThrow(HeadMoved);
      expect(await bench().offsets('a')).toEqual([1]);
    });

    it('can be looked up by an append that expects a head that never is', async () => {
      const lookup = { ...keyed('k'), expected: { offset: -1 } };
      await expect(bench().append('a', lookup)).rejects.toThrow(HeadMoved);
      const first = await bench().append('a', keyed('k'));
      expect(await bench().append('a', lookup)).toEqual(first);
      await expect(bench().append('a', { ...lookup, key: 'other' })).rejects.toThrow(HeadMoved);
      expect(await bench().offsets('a')).toEqual([1]);
    });

    it('keeps the epoch of an unused log as long as it was renewed', async () => {
      const long = { ...NONE, key: 'k', window: 7 * DAY };
      const first = await bench().append('a', long);
      await bench().pass(6 * DAY);
      expect(await bench().append('a', { ...long, renews: true })).toEqual(first);
      await bench().pass(6 * DAY);
      expect(await bench().append('a', long)).toEqual(first);
    });

    it('is remembered for its window in an empty, unused log', async () => {
      const keyless = { ...NONE, window: 0 };
      const first = await bench().append('a', { ...NONE, key: 'k', window: 7 * DAY });
      const short = await bench().append('b', { retention: { count: 10, age: HOUR }, key: 'k', window: 7 * DAY });
      await bench().pass(3 * DAY);
      expect(await bench().append('a', { ...NONE, key: 'k', window: 7 * DAY })).toEqual(first);
      expect(await bench().append('b', { ...NONE, key: 'k', window: 7 * DAY })).toEqual(short);
      expect(await bench().append('a', keyless)).toMatchObject({ epoch: first.epoch, offset: 2 });
    });

    it('is remembered separately from other keys', async () => {
      const results = [];
      for (let at = 0; at < 30; at++) results.push(await bench().append('a', keyed(`k${at}`, 1_000 + at)));
      bench().clock.advance(1_014);
      for (let at = 29; at >= 15; at--) expect(await bench().append('a', keyed(`k${at}`))).toEqual(results[at]);
      for (let at = 0; at < 15; at++)
        expect(await bench().append('a', keyed(`k${at}`))).toMatchObject({ offset: 31 + at });
    });

    it.each([
      ['a space', 'a b', 'a', 'c', 'b c'],
      ['a separator', 'a:b', 'a', 'c', 'b:c'],
    ])('differs from a key with %s elsewhere', async (_, first, second, third, fourth) => {
      const results = [];
      for (const key of [`${first} ${third}`, `${second} ${fourth} `, first, second])
        results.push(await bench().append('a', keyed(key)));
      expect(results.map(({ offset }) => offset)).toEqual([1, 2, 3, 4]);
    });

    it('is remembered after its message has expired', async () => {
      const short: AppendOptions = { retention: { count: 1, age: 10 }, window: 1_000, key: 'k' };
      const first = await bench().append('a', short);
      bench().clock.advance(500);
      await bench().fill('a', 3, { ...short, key: 'other' });
      expect(await bench().append('a', short)).toEqual(first);
      const nowhere = await bench().append('b', { ...NONE, key: 'k' });
      expect(await bench().append('b', { ...NONE, key: 'k' })).toEqual(nowhere);
    });
  });
}
