import { describe, expect, it } from 'vitest';
import { QueueFull } from '../engine.ts';
import { type GroupsBench, OPTIONS, QUEUE } from './groups-bench.ts';

/** Queues, dead lists, statistics, seeking, expiry and announcements. */
export function testGroupAdministration(bench: () => GroupsBench): void {
  const ref = { channel: 'a', group: 'g' };
  const queue = { channel: 'q', group: 'queue' };

  describe('a dead list', () => {
    const killAll = async () => {
      const deliveries = await bench().claim(ref);
      await bench().settle(ref, deliveries, { type: 'reject' });
    };
    const ordinals = async (after = 0, limit = 100) =>
      (await bench().dead(ref, after, limit)).letters.map(({ ordinal }) => ordinal);

    it('is read by page', async () => {
      await bench().fill('a', 5);
      await killAll();
      expect(await bench().dead(ref, 2, 2)).toMatchObject({ total: 5, letters: [{ offset: 3 }, { offset: 4 }] });
      expect(await bench().dead(ref, 5, 2)).toEqual({ total: 5, letters: [] });
    });

    it('forgets what is buried', async () => {
      await bench().fill('a', 3);
      await killAll();
      expect(await bench().groups.bury(ref, [1, 3, 99])).toBe(2);
      expect(await ordinals()).toEqual([2]);
    });

    it('gives back letters, as if they had never been delivered', async () => {
      await bench().fill('a', 3);
      await killAll();
      expect(await bench().groups.redrive(ref, OPTIONS, [1, 3, 99])).toBe(2);
      expect(await ordinals()).toEqual([2]);
      const again = await bench().claim(ref);
      expect(again.map(({ message, attempt }) => [message.offset, attempt])).toEqual([
        [1, 1],
        [3, 1],
      ]);
      expect(await bench().settle(ref, again)).toEqual([true, true]);
      expect(await bench().offsets(ref)).toEqual([]);
      expect(await bench().groups.redrive(ref, OPTIONS, null)).toBe(1);
      expect(await bench().offsets(ref)).toEqual([2]);
    });

    it('of a group that does not exist is empty', async () => {
      expect(await bench().dead(ref)).toEqual({ total: 0, letters: [] });
      expect(await bench().groups.bury(ref, [1])).toBe(0);
      expect(await bench().groups.redrive(ref, OPTIONS, null)).toBe(0);
    });
  });

  describe('the queue', () => {
    it('keeps messages until they and all before them are settled', async () => {
      for (let at = 0; at < 3; at++) await bench().enqueue('q');
      bench().clock.advance(48 * 3_600_000);
      const [first, second] = await bench().claim(queue, 3, QUEUE);
      await bench().settle(queue, [second as never], { type: 'ack' }, QUEUE);
      expect(await bench().engine.log.read('q', 0, 10)).toMatchObject({ first: 1, head: 3 });
      await bench().settle(queue, [first as never], { type: 'ack' }, QUEUE);
      expect(await bench().engine.log.read('q', 0, 10)).toMatchObject({ first: 3, head: 3 });
    });

    it('keeps few settled messages behind one that is not, which it keeps itself', async () => {
      const options = { ...QUEUE, maxSettled: 3 };
      await bench().enqueue('q', {}, 60_000);
      for (let at = 0; at < 8; at++) await bench().enqueue('q');
      const stuck = await bench().claimOne(queue, options);
      for (const offset of [2, 3, 4]) {
        await bench().settle(queue, [await bench().claimOne(queue, options)], { type: 'ack' }, options);
        expect(await bench().engine.log.read('q', 0, 10)).toMatchObject({ first: 1, head: 9 });
        expect(offset).toBeLessThan(5);
      }
      await bench().settle(queue, [await bench().claimOne(queue, options)], { type: 'ack' }, options);
      expect(await bench().engine.log.read('q', 0, 10)).toMatchObject({ first: 6, head: 9 });
      const oldest = stuck.message.time;
      expect(await bench().stats(queue, options)).toMatchObject({ floor: 5, ready: 4, inFlight: 1, oldest });
      bench().clock.advance(30_000);
      const again = await bench().claimOne(queue, options);
      expect(again).toMatchObject({ attempt: 2, message: { offset: 1, data: stuck.message.data } });
      bench().clock.advance(30_000);
      expect(await bench().offsets(queue, 10, options)).toEqual([6, 7, 8, 9]);
      expect((await bench().dead(queue)).letters).toMatchObject([{ offset: 1, reason: 'expired', deliveries: 2 }]);
    });

    it('that is full refuses messages until one is settled', async () => {
      const full = { maxLength: 2 };
      for (let at = 0; at < 2; at++) await bench().enqueue('q', full);
      await expect(bench().enqueue('q', full)).rejects.toBeInstanceOf(QueueFull);
      const delivery = await bench().claimOne(queue, QUEUE);
      await expect(bench().enqueue('q', full)).rejects.toMatchObject({ error: 'queue_full' });
      await bench().settle(queue, [delivery], { type: 'ack' }, QUEUE);
      expect(await bench().enqueue('q', full)).toMatchObject({ offset: 3 });
    });

    it('that is full refuses what was submitted before that was known', async () => {
      const full = { maxLength: 3 };
      for (let round = 0; round < 5; round++) {
        const submitted = Promise.allSettled(Array.from({ length: 100 }, () => bench().enqueue('q', full)));
        const deliveries = await bench().claim(queue, 3, QUEUE);
        await bench().settle(queue, deliveries, { type: 'ack' }, QUEUE);
        const results = await submitted;
        const refused = results.findIndex(({ status }) => status === 'rejected');
        expect(refused).toBeGreaterThanOrEqual(0);
        expect(results.slice(refused).map(({ status }) => status)).not.toContain('fulfilled');
        await bench().settle(queue, await bench().claim(queue, 3, QUEUE), { type: 'ack' }, QUEUE);
      }
    });

    it('counts unsettled messages only, not those that are acknowledged out of order', async () => {
      const full = { maxLength: 2 };
      for (let at = 0; at < 2; at++) await bench().enqueue('q', full);
      const [, second] = await bench().claim(queue, 2, QUEUE);
      await bench().settle(queue, [second as never], { type: 'ack' }, QUEUE);
      expect(await bench().enqueue('q', full)).toMatchObject({ offset: 3 });
    });

    it('that is full lets the oldest message die that is not at a consumer, if its rule says so', async () => {
      const full = { maxLength: 2, overflow: 'dead-letter' as const };
      for (let at = 0; at < 2; at++) await bench().enqueue('q', full);
      const delivery = await bench().claimOne(queue, QUEUE);
      expect(await bench().enqueue('q', full)).toMatchObject({ offset: 3 });
      expect((await bench().dead(queue)).letters).toMatchObject([{ offset: 2, reason: 'overflow', deliveries: 0 }]);
      await bench().settle(queue, [delivery], { type: 'ack' }, QUEUE);
      expect(await bench().offsets(queue, 10, QUEUE)).toEqual([3]);
    });

    it('exists before it has a consumer', async () => {
      const full = { maxLength: 1, overflow: 'dead-letter' as const };
      for (let at = 0; at < 3; at++) await bench().enqueue('q', full);
      expect(await bench().stats(queue, QUEUE)).toMatchObject({ ready: 1, dead: 2, head: 3, floor: 2 });
    });

    it('redrives messages that have left the log', async () => {
      await bench().enqueue('q');
      await bench().settle(queue, [await bench().claimOne(queue, QUEUE)], { type: 'reject' }, QUEUE);
      expect(await bench().engine.log.read('q', 0, 10)).toMatchObject({ first: 2, head: 1 });
      expect(await bench().groups.redrive(queue, QUEUE, null)).toBe(1);
      const delivery = await bench().claimOne(queue, QUEUE);
      expect(delivery).toMatchObject({ attempt: 1, message: { offset: 1 } });
      expect(await bench().settle(queue, [delivery], { type: 'ack' }, QUEUE)).toEqual([true]);
    });

    it('that is moved to its head is empty', async () => {
      for (let at = 0; at < 3; at++) await bench().enqueue('q');
      await bench().groups.seek(queue, QUEUE, 3);
      expect(await bench().engine.log.read('q', 0, 10)).toMatchObject({ first: 4, head: 3 });
      expect(await bench().offsets(queue, 10, QUEUE)).toEqual([]);
    });
  });

  describe('the statistics', () => {
    it('count messages by what they wait for', async () => {
      const options = { ...OPTIONS, orderBy: { kind: 'tag', tag: 'k' } as const };
      const time = bench().clock.now();
      for (const k of ['v', 'w', 'x', 'x', 'y']) await bench().append('a', { k });
      bench().clock.advance(100);
      const [v, w, x] = await bench().claim(ref, 3, options);
      await bench().settle(ref, [v as never], { type: 'nack', delay: 10 }, options);
      await bench().settle(ref, [w as never], { type: 'reject' }, options);
      expect(x).toBeDefined();
      const { epoch } = await bench().engine.log.read('a', 0, 0);
      expect(await bench().stats(ref, options)).toEqual({
        ...{ epoch, floor: 0, head: 5, ready: 2, inFlight: 1, delayed: 1, dead: 1, oldest: time },
      });
    });

    it('do not count deliveries and backoffs that are over, although nobody claims', async () => {
      await bench().fill('a', 4);
      const [first, second] = await bench().claim(ref, 3);
      await bench().settle(ref, [first as never], { type: 'nack', delay: 1_000 });
      await bench().settle(ref, [second as never], { type: 'nack', delay: 60_000 });
      bench().clock.advance(1_000);
      expect(await bench().stats(ref)).toMatchObject({ ready: 2, inFlight: 1, delayed: 1 });
      bench().clock.advance(OPTIONS.ackTimeout - 1_001);
      expect(await bench().stats(ref)).toMatchObject({ ready: 2, inFlight: 1, delayed: 1 });
      bench().clock.advance(1);
      expect(await bench().stats(ref)).toMatchObject({ ready: 3, inFlight: 0, delayed: 1 });
      expect(await bench().claim(ref)).toMatchObject([{ attempt: 2 }, { attempt: 2 }, { attempt: 1 }]);
    });

    it('of a group that was never used are those of a new group', async () => {
      await bench().fill('a', 2);
      expect(await bench().stats(ref)).toMatchObject({ floor: 0, head: 2, ready: 2, inFlight: 0, dead: 0 });
      const newest = { ...OPTIONS, start: 'newest' as const };
      expect(await bench().stats(ref, newest)).toMatchObject({ floor: 2, ready: 0, oldest: null });
    });
  });

  describe('seeking', () => {
    it.each([
      ['back', 1, 1, [2, 3]],
      ['to the beginning', 0, 0, [1, 2, 3]],
      ['to the head', 3, 3, []],
      ['beyond the head', 99, 3, []],
    ])('%s moves the group, and ends its deliveries', async (_, offset, reached, expected) => {
      await bench().fill('a', 3);
      const deliveries = await bench().claim(ref, 2);
      expect(await bench().groups.seek(ref, OPTIONS, offset)).toMatchObject({ offset: reached });
      expect(await bench().settle(ref, deliveries)).toEqual([false, false]);
      expect(await bench().offsets(ref)).toEqual(expected);
    });

    it('goes back no further than the log', async () => {
      for (let at = 0; at < 3; at++) await bench().append('a', undefined, { retention: { count: 1, age: 3_600_000 } });
      const { gaps } = await bench().claimAll(ref);
      await bench().groups.confirmGaps(ref, gaps);
      expect(await bench().groups.seek(ref, OPTIONS, 0)).toMatchObject({ offset: 2 });
      expect(await bench().claimAll(ref)).toMatchObject({ gaps: [], deliveries: [{ attempt: 1 }] });
    });
  });

  describe('a watched group', () => {
    const announcementsOf = async (act: () => unknown) => {
      bench().announced.length = 0;
      await act();
      return () => bench().announced;
    };

    it('is announced when messages are appended, and when deliveries come back', async () => {
      await bench().groups.watch(ref);
      const appended = await announcementsOf(() => bench().append('a'));
      await expect.poll(appended).toContainEqual(ref);
      const delivery = await bench().claimOne(ref);
      const returned = await announcementsOf(() => bench().settle(ref, [delivery], { type: 'nack' }));
      await expect.poll(returned).toContainEqual(ref);
    });

    it('is announced when its order allows the next message', async () => {
      const options = { ...OPTIONS, orderBy: { kind: 'all' } as const };
      await bench().groups.watch(ref);
      await bench().fill('a', 2);
      const delivery = await bench().claimOne(ref, options);
      const settled = await announcementsOf(() => bench().settle(ref, [delivery], { type: 'ack' }, options));
      await expect.poll(settled).toContainEqual(ref);
    });

    it('is no longer announced once it is unwatched', async () => {
      await bench().groups.watch(ref);
      bench().groups.unwatch(ref);
      await bench().groups.watch({ channel: 'a', group: 'other' });
      const appended = await announcementsOf(() => bench().append('a'));
      await expect.poll(appended).toContainEqual({ channel: 'a', group: 'other' });
      expect(appended()).not.toContainEqual(ref);
    });
  });
}
