import { describe, expect, it } from 'vitest';
import type { AppendOptions } from '../engine.ts';
import { type EngineBench, HOUR } from './engine-bench.ts';

/** Keys, retention and revocations while the wall clock is set. */
export function testClockSteps(bench: () => EngineBench): void {
  describe.each([HOUR, -HOUR, 24 * HOUR, -24 * HOUR])('when the wall clock is set by %i ms', (by) => {
    const hourLong: AppendOptions = { retention: { count: 100, age: HOUR }, window: HOUR };

    it('remembers keys and keeps messages for as long as before, no more than a tenth less', async () => {
      const first = await bench().append('a', { ...hourLong, key: 'k' });
      bench().clock.set(by);
      bench().clock.advance(0.9 * HOUR);
      expect(await bench().append('a', { ...hourLong, key: 'k' })).toEqual(first);
      await bench().append('a', { ...hourLong, key: 'another' });
      // Another rule makes the engine check for messages that are too old.
      await bench().append('a', { ...hourLong, retention: { count: 99, age: HOUR } });
      expect((await bench().read('a')).messages).toHaveLength(3);
    });

    it('forgets both in the end', async () => {
      const first = await bench().append('a', { ...hourLong, key: 'k' });
      bench().clock.set(by);
      await bench().append('b', hourLong);
      bench().clock.advance(2 * HOUR + Math.max(0, -by) + 10 * Math.max(0, by));
      expect((await bench().read('a')).messages).toEqual([]);
      expect((await bench().read('b')).messages).toEqual([]);
      expect(await bench().append('a', { ...hourLong, key: 'k' })).not.toEqual(first);
    });

    it('keeps revocations in force', async () => {
      const revocation = { user: 'ada', until: bench().clock.now() + HOUR };
      await bench().engine.revocations.add(revocation);
      bench().clock.set(by);
      bench().clock.advance(0.9 * HOUR);
      await bench().engine.revocations.add({ user: 'ben', until: bench().clock.now() + HOUR });
      expect(await bench().engine.revocations.all()).toContainEqual(revocation);
    });
  });
}
