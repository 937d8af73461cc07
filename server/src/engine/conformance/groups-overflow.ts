import { describe, expect, it } from 'vitest';
import { QueueFull, UNTIL_SETTLED } from '../engine.ts';
import type { GroupOptions } from '../groups.ts';
import { type GroupsBench, QUEUE } from './groups-bench.ts';

/** Queues that are full and let their oldest message die, although its order has taken it from the log. */
export function testGroupOverflow(bench: () => GroupsBench): void {
  const queue = { channel: 'q', group: 'queue' };
  const ordered: GroupOptions = { ...QUEUE, orderBy: { kind: 'tag', tag: 'k' } };
  const enqueue = (key: string, maxLength = 3) => {
    const bounds = { group: 'queue', maxLength, overflow: 'dead-letter' as const };
    return bench().append('q', { k: key }, { retention: UNTIL_SETTLED, queue: bounds });
  };
  const offsets = () => bench().offsets(queue, 10, ordered);
  const dead = async () => (await bench().dead(queue)).letters.map(({ offset, reason }) => `${offset} ${reason}`);
  const claim = () => bench().claim(queue, 10, ordered);
  const ack = (deliveries: Awaited<ReturnType<typeof claim>>) =>
    bench().settle(queue, deliveries, { type: 'ack' }, ordered);

  describe('a queue with an order that is full', () => {
    it('lets the oldest message die that waits for its order, and keeps the order of the others', async () => {
      for (let at = 0; at < 3; at++) await enqueue('x');
      const first = await claim();
      expect(first.map(({ message }) => message.offset)).toEqual([1]);
      expect(await enqueue('x')).toMatchObject({ offset: 4 });
      expect(await dead()).toEqual(['2 overflow']);
      for (const expected of [3, 4]) {
        expect(await offsets()).toEqual([]);
        await ack(first.splice(0));
        first.push(...(await claim()));
        expect(first.map(({ message }) => message.offset)).toEqual([expected]);
      }
    });

    it('lets messages of all orders die by their age', async () => {
      for (const key of ['x', 'x', 'y', 'y', 'x']) await enqueue(key, 5);
      expect(await offsets()).toEqual([1, 3]);
      for (const key of ['y', 'x', 'y']) await enqueue(key, 5);
      expect(await dead()).toEqual(['2 overflow', '4 overflow', '5 overflow']);
    });

    it('lets the last message of an order die, and queues the next one behind what is left', async () => {
      for (let at = 0; at < 2; at++) await enqueue('x', 2);
      const first = await claim();
      await enqueue('x', 2);
      expect([await dead(), await offsets()]).toEqual([['2 overflow'], []]);
      await ack(first);
      expect(await offsets()).toEqual([3]);
    });

    it('lets a message die that became the first of its order, or was returned unread', async () => {
      for (const key of ['x', 'x', 'y']) await enqueue(key);
      const [one, three] = await claim();
      await ack([one as never]);
      await bench().settle(queue, [three as never], { type: 'return' }, ordered);
      for (const key of ['x', 'z', 'z']) await enqueue(key);
      expect(await dead()).toEqual(['2 overflow', '3 overflow']);
      expect(await offsets()).toEqual([4, 5]);
    });

    it('refuses publishes while all its messages are, or were, at consumers', async () => {
      for (const key of ['x', 'y', 'z']) await enqueue(key);
      const [one] = await claim();
      await bench().settle(queue, [one as never], { type: 'nack', delay: 0 }, ordered);
      await expect(enqueue('x')).rejects.toThrow(QueueFull);
      expect(await dead()).toEqual([]);
    });
  });
}
