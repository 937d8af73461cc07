import { describe, expect, it } from 'vitest';
import { QueueFull } from '../engine.ts';
import { type GroupsBench, OPTIONS, QUEUE } from './groups-bench.ts';

/** Messages that expire before a group has delivered them. */
export function testGroupExpiry(bench: () => GroupsBench): void {
  const ref = { channel: 'a', group: 'g' };
  const queue = { channel: 'q', group: 'queue' };

  describe('a message that expires', () => {
    it('is delivered until its time has come', async () => {
      await bench().append('a', undefined, {}, 1_000);
      bench().clock.advance(999);
      expect(await bench().offsets(ref)).toEqual([1]);
    });

    it('dies instead of being delivered, and the others are delivered', async () => {
      await bench().append('a', undefined, {}, 1_000);
      await bench().append('a');
      await bench().append('a', undefined, {}, 5_000);
      bench().clock.advance(1_000);
      const claim = await bench().claimAll(ref);
      expect(claim).toMatchObject({ expired: 1, dropped: 0, dead: 1, gaps: [] });
      expect(claim.deliveries.map(({ message }) => message.offset)).toEqual([2, 3]);
      const { letters } = await bench().dead(ref);
      expect(letters).toMatchObject([{ offset: 1, reason: 'expired', deliveries: 0, time: bench().clock.now() }]);
      expect(await bench().claimAll(ref)).toMatchObject({ expired: 0, dropped: 0, dead: 1 });
    });

    it('can be acknowledged while it is in flight', async () => {
      await bench().append('a', undefined, {}, 1_000);
      const delivery = await bench().claimOne(ref);
      bench().clock.advance(2_000);
      expect(await bench().settle(ref, [delivery])).toEqual([true]);
      expect(await bench().stats(ref)).toMatchObject({ floor: 1, dead: 0 });
    });

    it('dies after a delivery that failed, with what the consumer said', async () => {
      await bench().append('a', undefined, {}, 1_000);
      const delivery = await bench().claimOne(ref);
      await bench().settle(ref, [delivery], { type: 'nack', error: 'no disk' });
      bench().clock.advance(1_000);
      expect(await bench().offsets(ref)).toEqual([]);
      const { letters } = await bench().dead(ref);
      expect(letters).toMatchObject([{ offset: 1, reason: 'expired', deliveries: 1, error: 'no disk' }]);
    });

    it('makes way for the next one of its order', async () => {
      const order = { ...OPTIONS, orderBy: { kind: 'tag', tag: 'k' } } as const;
      await bench().append('a', { k: 'x' });
      await bench().append('a', { k: 'x' }, {}, 1_000);
      await bench().append('a', { k: 'x' });
      const first = await bench().claimOne(ref, order);
      expect(await bench().offsets(ref, 10, order)).toEqual([]);
      bench().clock.advance(1_000);
      await bench().settle(ref, [first], { type: 'ack' }, order);
      expect(await bench().offsets(ref, 10, order)).toEqual([3]);
    });

    it('does not expire again when it is redriven', async () => {
      await bench().append('a', undefined, {}, 1_000);
      bench().clock.advance(1_000);
      expect(await bench().offsets(ref)).toEqual([]);
      expect(await bench().groups.redrive(ref, OPTIONS, null)).toBe(1);
      expect(await bench().offsets(ref)).toEqual([1]);
    });

    it('leaves the log of a queue', async () => {
      for (let at = 0; at < 2; at++) await bench().enqueue('q', {}, 1_000);
      await bench().enqueue('q');
      bench().clock.advance(1_000);
      expect(await bench().offsets(queue, 10, QUEUE)).toEqual([3]);
      expect(await bench().engine.log.read('q', 0, 10)).toMatchObject({ first: 3, head: 3 });
    });

    it('makes room in a queue that is full, and the next claim counts it', async () => {
      const full = { maxLength: 2 };
      await bench().enqueue('q', full, 1_000);
      await bench().enqueue('q', full);
      await expect(bench().enqueue('q', full)).rejects.toBeInstanceOf(QueueFull);
      bench().clock.advance(1_000);
      expect(await bench().enqueue('q', full)).toMatchObject({ offset: 3 });
      await expect(bench().enqueue('q', full)).rejects.toBeInstanceOf(QueueFull);
      expect((await bench().dead(queue)).letters).toMatchObject([{ offset: 1, reason: 'expired' }]);
      const claim = await bench().claimAll(queue, 10, QUEUE);
      expect(claim).toMatchObject({ expired: 1, dropped: 0 });
      expect(claim.deliveries.map(({ message }) => message.offset)).toEqual([2, 3]);
      expect(await bench().claimAll(queue, 10, QUEUE)).toMatchObject({ expired: 0 });
    });
  });
}
