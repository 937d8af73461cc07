import { describe, expect, it } from 'vitest';
import type { Claim, GroupOptions } from '../groups.ts';
import { type GroupsBench, OPTIONS } from './groups-bench.ts';

const offsetsOf = ({ deliveries }: Claim) => deliveries.map(({ message }) => message.message.offset);

/** Who may claim, if somebody has fenced the group. */
export function testFences(bench: () => GroupsBench): void {
  describe('a fence', () => {
    const ref = { channel: 'a', group: 'g' };
    const fence = (name: string, options: GroupOptions = OPTIONS) => bench().groups.fence(ref, options, name);

    it.each([undefined, 'one', 'other'])(
      'refuses a claim with %s once it has changed from "one" to "two"',
      async (by) => {
        await bench().fill('a', 3);
        await fence('one');
        await fence('two');
        const refused = await bench().claimFenced(ref, by);
        const { epoch } = await bench().engine.log.read('a', 0, 0);
        expect(refused).toEqual({
          ...{ epoch, deliveries: [], gaps: [], wait: OPTIONS.ackTimeout, dead: 0, expired: 0, dropped: 0 },
          isFenced: true,
        });
        expect(await bench().stats(ref)).toMatchObject({ floor: 0, ready: 3, inFlight: 0 });
        const claim = await bench().claimFenced(ref, 'two');
        expect([offsetsOf(claim), claim.isFenced]).toEqual([[1, 2, 3], undefined]);
      },
    );

    it('is required by a claim that carries it: a group that has been created anew has none', async () => {
      await bench().fill('a', 1);
      expect(await bench().claimFenced(ref, 'one')).toMatchObject({ deliveries: [], isFenced: true });
      expect(offsetsOf(await bench().claimFenced(ref, undefined))).toEqual([1]);
    });

    it('ends the deliveries and delays: the next claims have everything that is not settled, in order', async () => {
      await bench().fill('a', 6);
      await fence('one');
      const { deliveries } = await bench().claimFenced(ref, 'one', { max: 5 });
      const ids = deliveries.map(({ id }) => id);
      await bench().settle(ref, ids.slice(0, 2));
      await bench().settle(ref, ids.slice(3, 4), { type: 'nack', delay: 20_000 });
      await fence('two');
      expect(await bench().stats(ref)).toMatchObject({ floor: 2, ready: 4, inFlight: 0, delayed: 0 });
      expect(await bench().settle(ref, ids)).toEqual([false, false, false, false, false]);
      const again = await bench().claimFenced(ref, 'two');
      expect(again.deliveries.map(({ message, attempt }) => [message.message.offset, attempt])).toEqual([
        [3, 1],
        [4, 2],
        [5, 1],
        [6, 1],
      ]);
      expect(await bench().settle(ref, ids)).toEqual([false, false, false, false, false]);
      expect(
        await bench().settle(
          ref,
          again.deliveries.map(({ id }) => id),
        ),
      ).toEqual([true, true, true, true]);
    });

    it('that is set while others claim and settle shares no message', async () => {
      await bench().fill('a', 40);
      await fence('one');
      const late = Array.from({ length: 8 }, () => bench().claimFenced(ref, 'one', { max: 3 }));
      const [next] = await Promise.all([
        Promise.resolve(fence('two')).then(() => bench().claimFenced(ref, 'two')),
        ...late,
      ]);
      expect(offsetsOf(next as Claim)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
      for (const claim of await Promise.all(late)) {
        const ids = claim.deliveries.map(({ id }) => id);
        expect(await bench().settle(ref, ids)).toEqual(ids.map(() => false));
      }
    });

    it('begins a group that does not exist where its options say', async () => {
      await bench().fill('a', 2);
      await fence('one', { ...OPTIONS, start: 'newest' });
      await bench().fill('a', 1);
      expect(offsetsOf(await bench().claimFenced(ref, 'one'))).toEqual([3]);
    });

    it('is kept when the group is moved', async () => {
      await bench().fill('a', 3);
      await fence('one');
      await bench().claimFenced(ref, 'one');
      await bench().groups.seek(ref, OPTIONS, 1);
      expect((await bench().claimFenced(ref, undefined)).isFenced).toBe(true);
      expect(offsetsOf(await bench().claimFenced(ref, 'one'))).toEqual([2, 3]);
    });

    it('concerns no other group', async () => {
      await bench().fill('a', 1);
      await fence('one');
      expect(await bench().offsets({ channel: 'a', group: 'other' })).toEqual([1]);
    });

    it('announces what it has given back', async () => {
      await bench().groups.watch(ref);
      await bench().fill('a', 1);
      await bench().claim(ref);
      bench().announced.length = 0;
      await fence('one');
      await expect.poll(() => bench().announced).toContainEqual(ref);
    });
  });
}
