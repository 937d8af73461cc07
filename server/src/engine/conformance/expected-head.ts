import type { ExpectedHead } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { HeadMoved } from '../engine.ts';
import { type EngineBench, KEEP, NONE } from './engine-bench.ts';

/** Appends that expect a head. */
export function testExpectedHead(bench: () => EngineBench): void {
  describe('an append that expects a head', () => {
    const at = (expected: ExpectedHead) => ({ ...KEEP, expected });

    it('appends if the head is there', async () => {
      const { epoch } = await bench().append('a', at({ offset: 0 }));
      expect(await bench().append('a', at({ offset: 1 }))).toMatchObject({ offset: 2 });
      expect(await bench().append('a', at({ offset: 2, epoch }))).toMatchObject({ offset: 3, epoch });
    });

    it('appends to an unused log in the epoch that was read', async () => {
      const { epoch } = await bench().read('a');
      expect(await bench().append('a', at({ offset: 0, epoch }))).toMatchObject({ offset: 1, epoch });
    });

    it.each<[string, (epoch: string) => ExpectedHead]>([
      ['before the head', () => ({ offset: 1 })],
      ['behind it', () => ({ offset: 3 })],
      ['in another epoch', (epoch) => ({ offset: 2, epoch: `${epoch}x` })],
    ])('is refused if it expects it %s, and says where it is', async (_, expected) => {
      await bench().watch('a');
      const { epoch } = await bench().append('a');
      await bench().append('a');
      const refused = bench().append('a', at(expected(epoch)));
      await expect(refused).rejects.toBeInstanceOf(HeadMoved);
      await expect(refused).rejects.toMatchObject({ error: 'conflict', head: { epoch, offset: 2 } });
      expect((await bench().read('a')).head).toBe(2);
      await bench().append('a');
      await expect.poll(() => bench().offsetsOf('a')).toEqual([1, 2, 3]);
    });

    it('is refused on an unused log if it expects a message', async () => {
      await expect(bench().append('a', at({ offset: 1 }))).rejects.toMatchObject({ head: { offset: 0 } });
      await expect(bench().append('a', at({ offset: 0, epoch: 'another' }))).rejects.toBeInstanceOf(HeadMoved);
    });

    it('is refused alone: the appends behind it are not', async () => {
      const outcomes = await Promise.allSettled([
        bench().append('a', at({ offset: 5 })),
        bench().append('a'),
        bench().append('a', at({ offset: 1 })),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
      expect((await bench().read('a')).head).toBe(2);
    });

    it('succeeds once among those that expect the same head', async () => {
      const racing = Array.from({ length: 20 }, () => bench().append('a', at({ offset: 0 })));
      const outcomes = await Promise.allSettled(racing);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await bench().read('a')).head).toBe(1);
    });

    it('is answered like the first with its key, wherever the head is', async () => {
      const options = { ...at({ offset: 0 }), key: 'k' };
      const first = await bench().append('a', options);
      await bench().append('a');
      expect(await bench().append('a', options)).toEqual(first);
    });

    it('works without history', async () => {
      await bench().fill('a', 3, NONE);
      expect(await bench().append('a', { ...NONE, expected: { offset: 3 } })).toMatchObject({ offset: 4 });
      await expect(bench().append('a', { ...NONE, expected: { offset: 3 } })).rejects.toBeInstanceOf(HeadMoved);
    });
  });
}
