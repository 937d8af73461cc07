import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AppendOptions, HeadMoved } from '../engine.ts';
import { DAY, type EngineBench, HOUR, KEEP, NONE } from './engine-bench.ts';

/** Messages that a source outside of the gateway may deliver again. */
export function testSourcePositions(bench: () => EngineBench): void {
  describe('an append from a source', () => {
    const from = (position: string | number, partition = 'orders 0', name = 'in'): AppendOptions => ({
      ...KEEP,
      source: { name, partition, position: `${position}` },
    });

    it('appends and announces each position once', async () => {
      await bench().watch('a');
      for (const position of [3, 4, 7]) await bench().append('a', from(position));
      for (const position of [3, 4, 7]) await bench().append('a', from(position));
      await bench().append('a', from(8));
      await expect.poll(() => bench().offsetsOf('a')).toEqual([1, 2, 3, 4]);
    });

    it('is answered with the latest append of its partition if the position was reached', async () => {
      await bench().append('a', from(3));
      const latest = await bench().append('a', from(4));
      await bench().append('a');
      expect(await bench().append('a', from(4))).toEqual(latest);
      expect(await bench().append('a', from(3))).toEqual(latest);
    });

    it('compares positions as numbers, also if they are longer than a number holds', async () => {
      for (const position of ['9', '10', '99999999999999999999', '100000000000000000000', '100000000000000000001'])
        await bench().append('a', from(position));
      expect((await bench().read('a')).head).toBe(5);
      await bench().append('a', from('100000000000000000000'));
      expect((await bench().read('a')).head).toBe(5);
    });

    it.each([
      ['channel', 'b', from(1)],
      ['partition', 'a', from(1, 'orders 1')],
      ['source', 'a', from(1, 'orders 0', 'another')],
    ])('has a position for each %s', async (_, channel, options) => {
      await bench().append('a', from(5));
      expect(await bench().append(channel, options)).toMatchObject({ id: 'm2' });
    });

    it('keeps names apart that would join to the same text', async () => {
      await bench().append('a', from(5, 'b c', 'a'));
      expect(await bench().append('a', from(1, 'c', 'a b'))).toMatchObject({ id: 'm2' });
    });

    it('appends once, also if both arrive at the same time', async () => {
      const results = await Promise.all([1, 1, 2, 1, 2].map((position) => bench().append('a', from(position))));
      expect(results.map(({ offset }) => offset)).toEqual([1, 1, 2, 2, 2]);
      expect((await bench().read('a')).head).toBe(2);
    });

    it('is remembered for weeks in an empty, unused log', async () => {
      const options = { ...from(5), ...NONE };
      const first = await bench().append('a', options);
      const aged = { ...from(5), retention: { count: 10, age: HOUR } };
      const second = await bench().append('b', aged);
      await bench().pass(29 * DAY);
      expect(await bench().append('a', options)).toEqual(first);
      expect(await bench().append('b', aged)).toEqual(second);
    });

    it('is remembered for weeks after the latest append, not after the first', async () => {
      await bench().append('a', from(1));
      await bench().pass(20 * DAY);
      const { offset } = await bench().append('a', from(2));
      await bench().pass(20 * DAY);
      expect(await bench().append('a', from(2))).toMatchObject({ offset });
    });

    it('does not reach a position that was refused', async () => {
      const refused = bench().append('a', { ...from(1), expected: { offset: 5 } });
      await expect(refused).rejects.toBeInstanceOf(HeadMoved);
      expect(await bench().append('a', from(1))).toMatchObject({ offset: 1 });
    });

    it('appends every message of every partition once and in order, whatever is delivered again', async () => {
      let run = 0;
      const partition = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(fc.array(partition, { minLength: 1, maxLength: 3 }), async (partitions) => {
          const channel = `property${++run}`;
          const deliveries = partitions.flatMap((rewinds, at) =>
            deliver(rewinds).map((position) => ({ at, position })),
          );
          await Promise.all(
            deliveries.map(({ at, position }) =>
              bench().append(channel, from(position, `p ${at}`), { data: [at, position] }),
            ),
          );
          const { messages } = await bench().read(channel);
          for (const [at, rewinds] of partitions.entries()) {
            const seen = messages.map(({ data }) => data as [number, number]).filter(([of]) => of === at);
            expect(seen.map(([, position]) => position)).toEqual(rewinds.map((_, index) => index + 1));
          }
        }),
        { numRuns: 20 },
      );
    });
  });
}

/** Positions 1, 2, 3…; before each, the source goes back by the given number of positions. */
const deliver = (rewinds: readonly number[]): number[] =>
  rewinds.flatMap((rewind, index) => {
    const first = Math.max(1, index + 1 - rewind);
    return Array.from({ length: index + 2 - first }, (_, step) => first + step);
  });
