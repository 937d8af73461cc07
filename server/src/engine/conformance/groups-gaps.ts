import { describe, expect, it } from 'vitest';
import { type GroupGap, MOST_GAPS } from '../groups.ts';
import { type GroupsBench, OPTIONS } from './groups-bench.ts';

/** Gaps stay until they are confirmed. */
export function testGroupGaps(bench: () => GroupsBench): void {
  const ref = { channel: 'a', group: 'g' };
  const keep = { retention: { count: 2, age: 3_600_000 } };

  /** Appends to a log that keeps two messages. The group is there before. */
  const fill = async (count: number) => {
    await claimAll(0);
    for (let at = 0; at < count; at++) await bench().append('a', undefined, keep);
  };
  const claimAll = async (max?: number) => await bench().claimAll(ref, max);
  const gaps = async () => (await claimAll()).gaps;
  const confirm = async (confirmed: readonly GroupGap[]) => await bench().groups.confirmGaps(ref, confirmed);
  const gapOf = async (from: number, to: number, reason: GroupGap['reason'] = 'retention'): Promise<GroupGap> => {
    const { epoch } = await bench().engine.log.read('a', 0, 0);
    return { from: { epoch, offset: from }, to: { epoch, offset: to }, reason };
  };

  describe('a gap', () => {
    it('is returned by each claim until it is confirmed', async () => {
      await fill(5);
      const expected = [await gapOf(0, 3)];
      for (let claims = 0; claims < 3; claims++) expect(await gaps()).toEqual(expected);
      await confirm(expected);
      expect(await gaps()).toEqual([]);
    });

    it('is returned by several claims at the same time', async () => {
      await fill(5);
      const claims = await Promise.all([gaps(), gaps(), gaps()]);
      expect(claims).toEqual(Array(3).fill([await gapOf(0, 3)]));
    });

    it('that has grown since it was claimed is returned without what is confirmed', async () => {
      await fill(5);
      const claimed = (await claimAll(0)).gaps;
      await fill(3);
      expect(await gaps()).toEqual([await gapOf(0, 6)]);
      await confirm(claimed);
      expect(await gaps()).toEqual([await gapOf(3, 6)]);
      await confirm([await gapOf(3, 6)]);
      expect(await gaps()).toEqual([]);
    });

    it('is confirmed only as a claim has returned it', async () => {
      await fill(5);
      await confirm([await gapOf(1, 3)]);
      await confirm([{ ...(await gapOf(0, 3)), from: { epoch: 'another', offset: 0 } }]);
      await confirm([]);
      expect(await gaps()).toEqual([await gapOf(0, 3)]);
      await confirm([await gapOf(7, 9), await gapOf(0, 3)]);
      expect(await gaps()).toEqual([]);
    });

    it('of one group is not confirmed by another one, nor does a confirmation create a group', async () => {
      await fill(5);
      expect(await gaps()).toHaveLength(1);
      await bench().groups.confirmGaps({ channel: 'a', group: 'other' }, await gaps());
      await bench().groups.confirmGaps({ channel: 'none', group: 'g' }, await gaps());
      expect(await gaps()).toHaveLength(1);
      expect((await bench().claimAll({ channel: 'a', group: 'other' })).gaps).toEqual([]);
    });

    it('stays when the group is moved', async () => {
      await fill(5);
      await gaps();
      await bench().groups.seek(ref, OPTIONS, 5);
      expect(await gaps()).toEqual([await gapOf(0, 3)]);
    });

    it('is what a moved group would deliver and the log has lost', async () => {
      await fill(2);
      const [first] = await bench().claim(ref);
      await fill(3);
      await bench().settle(ref, [first as never]);
      const known = await gaps();
      expect(known).toEqual([await gapOf(2, 3)]);
      await confirm(known);
      await bench().groups.seek(ref, OPTIONS, 1);
      expect(await claimAll()).toMatchObject({
        gaps: [await gapOf(1, 2)],
        deliveries: [{ message: { offset: 4 } }, { message: { offset: 5 } }],
      });
    });

    it('says whether retention or the backend removed the messages', async () => {
      await fill(5);
      await bench().engine.log.purge?.('a', 4);
      expect(await gaps()).toEqual([await gapOf(0, 4, 'purged')]);
      await fill(3);
      expect(await gaps()).toEqual([await gapOf(0, 4, 'purged'), await gapOf(5, 6)]);
    });

    it('is one for deliveries that failed after their messages were purged', async () => {
      await fill(2);
      const deliveries = await bench().claim(ref);
      await bench().engine.log.purge?.('a', 2);
      await bench().settle(ref, deliveries, { type: 'nack', delay: 0 });
      const lost = await gaps();
      expect(lost).toEqual([await gapOf(0, 2, 'purged')]);
      await confirm([await gapOf(0, 1, 'purged')]);
      expect(await gaps()).toEqual([await gapOf(1, 2, 'purged')]);
    });

    it('becomes one with the next one if there are too many', async () => {
      const many = { retention: { count: 2 * MOST_GAPS + 8, age: 3_600_000 } };
      const count = 2 * MOST_GAPS + 8;
      for (let at = 0; at < count; at++) await bench().append('a', undefined, many);
      const deliveries = await bench().claim(ref, count);
      await bench().settle(
        ref,
        deliveries.filter(({ message }) => message.offset % 2 === 0),
      );
      await bench().settle(ref, deliveries, { type: 'nack', delay: 0 });
      for (let at = 0; at < count; at++) await bench().append('a', undefined, many);
      const lost = (await claimAll(1)).gaps;
      expect(lost).toHaveLength(MOST_GAPS);
      expect(lost[0]).toEqual(await gapOf(0, 9));
      expect(lost.at(-1)).toEqual(await gapOf(count - 2, count - 1));
      await confirm(lost);
      expect((await claimAll(1)).gaps).toEqual([]);
    });
  });
}
