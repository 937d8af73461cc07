import { describe, expect, it } from 'vitest';
import type { EngineBench } from './engine-bench.ts';

/** Messages that are removed on purpose. */
export function testPurging(bench: () => EngineBench): void {
  describe('purging', () => {
    const purge = async (channel: string, upTo: number): Promise<void> => {
      await bench().engine.log.purge?.(channel, upTo);
    };

    it('removes all messages up to an offset, and reports that', async () => {
      await bench().fill('a', 5);
      const { epoch } = await bench().read('a');
      await purge('a', 3);
      expect(await bench().read('a')).toMatchObject({ epoch, head: 5, first: 4, purged: 3 });
      expect(await bench().offsets('a')).toEqual([4, 5]);
      await purge('a', 2);
      expect(await bench().read('a')).toMatchObject({ head: 5, first: 4, purged: 3 });
    });

    it('of everything continues with the next offset', async () => {
      await bench().fill('a', 3);
      await purge('a', 99);
      expect(await bench().read('a')).toMatchObject({ head: 3, first: 4, messages: [], purged: 3 });
      expect(await bench().append('a')).toMatchObject({ offset: 4 });
      expect(await bench().read('a')).toMatchObject({ head: 4, first: 4, messages: [{ offset: 4 }], purged: 3 });
    });

    it('does nothing to other channels, nor to one without messages', async () => {
      await bench().fill('a', 1);
      await purge('b', 10);
      expect(await bench().append('b')).toMatchObject({ offset: 1 });
      expect(await bench().offsets('a')).toEqual([1]);
      expect((await bench().read('a')).purged).toBeUndefined();
    });

    it('of thousands of messages is complete at once', async () => {
      const count = 3_000;
      await bench().fill('a', count, { retention: { count: 10_000, age: 3_600_000 }, window: 0 });
      await purge('a', count - 1);
      expect(await bench().offsets('a')).toEqual([count]);
    });
  });
}
