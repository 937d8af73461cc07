import { describe, expect, it } from 'vitest';
import { type GroupsBench, OPTIONS } from './groups-bench.ts';

/** Who gets which message, and in which order. */
export function testClaims(bench: () => GroupsBench): void {
  describe('a claim', () => {
    const ref = { channel: 'a', group: 'g' };

    it('takes messages in the order of the log, each once', async () => {
      await bench().fill('a', 5);
      expect(await bench().offsets(ref, 2)).toEqual([1, 2]);
      expect(await bench().offsets(ref, 2)).toEqual([3, 4]);
      expect(await bench().offsets(ref, 2)).toEqual([5]);
      expect(await bench().offsets(ref, 2)).toEqual([]);
    });

    it('returns the message as it was appended, in its first attempt', async () => {
      const { id } = await bench().append('a', { color: 'red' });
      const { epoch } = await bench().engine.log.read('a', 0, 0);
      const claim = await bench().claimAll(ref);
      expect(claim).toMatchObject({ epoch, gaps: [], dead: 0 });
      const [delivery] = claim.deliveries.map(({ message, ...rest }) => ({ ...rest, message: message.message }));
      expect(delivery).toMatchObject({ attempt: 1, message: { id, offset: 1, tags: { color: 'red' } } });
    });

    it('ends with the message that makes it too long', async () => {
      await bench().fill('a', 4);
      const { messages } = await bench().engine.log.read('a', 0, 2);
      const length = messages.reduce((sum, { json }) => sum + json.length, 0);
      for (const [maxLength, count] of [
        [1, 1],
        [length, 2],
        [length + 1, 1],
      ]) {
        expect((await bench().claimAll(ref, 9, OPTIONS, maxLength)).deliveries).toHaveLength(count as number);
      }
    });

    it('of several at the same time shares no message', async () => {
      await bench().fill('a', 40);
      const claims = await Promise.all(Array.from({ length: 8 }, () => bench().offsets(ref, 5)));
      expect(claims.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    });

    it('does not take messages from another group, or channel', async () => {
      await bench().fill('a', 2);
      await bench().fill('b', 1);
      expect(await bench().offsets(ref)).toEqual([1, 2]);
      expect(await bench().offsets({ channel: 'a', group: 'other' })).toEqual([1, 2]);
      expect(await bench().offsets({ channel: 'b', group: 'g' })).toEqual([1]);
    });

    it.each([
      ['a:b', 'c', 'a', 'b:c'],
      ['a', 'b c', 'a b', 'c'],
    ])('keeps apart group "%s" "%s" and "%s" "%s"', async (channel, group, otherChannel, otherGroup) => {
      await bench().fill(channel, 1);
      await bench().fill(otherChannel, 1);
      expect(await bench().offsets({ channel, group })).toEqual([1]);
      expect(await bench().offsets({ channel: otherChannel, group: otherGroup })).toEqual([1]);
    });

    it('of a new group begins where its options say, and stays there', async () => {
      await bench().fill('a', 2);
      const newest = { ...OPTIONS, start: 'newest' as const };
      expect(await bench().offsets(ref, 10, newest)).toEqual([]);
      await bench().fill('a', 1);
      expect(await bench().offsets(ref, 10, newest)).toEqual([3]);
      expect(await bench().offsets(ref, 10, OPTIONS)).toEqual([]);
    });

    it('takes nothing new while too many messages are unsettled', async () => {
      const few = { ...OPTIONS, maxUnacked: 3 };
      await bench().fill('a', 5);
      const deliveries = await bench().claim(ref, 10, few);
      expect(deliveries).toHaveLength(3);
      expect(await bench().offsets(ref, 10, few)).toEqual([]);
      await bench().settle(ref, deliveries.slice(1, 2));
      expect(await bench().offsets(ref, 10, few)).toEqual([4]);
    });

    it('says how long to wait: until something is due, at most one ackTimeout', async () => {
      expect((await bench().claimAll(ref)).wait).toBe(OPTIONS.ackTimeout);
      await bench().fill('a', 2);
      const [first] = await bench().claim(ref, 1);
      bench().clock.advance(10_000);
      expect((await bench().claimAll(ref, 1)).wait).toBe(20_000);
      await bench().settle(ref, [first as never], { type: 'nack', delay: 5_000 });
      expect((await bench().claimAll(ref, 1)).wait).toBe(5_000);
    });

    it('returns gaps where the log lost unsettled messages', async () => {
      const keep = { retention: { count: 3, age: 3_600_000 } };
      for (let at = 0; at < 2; at++) await bench().append('a', undefined, keep);
      const [, second] = await bench().claim(ref);
      await bench().settle(ref, [second as never], { type: 'nack', delay: 1_000 });
      for (let at = 0; at < 6; at++) await bench().append('a', undefined, keep);
      bench().clock.advance(1_000);
      const { deliveries, gaps } = await bench().claimAll(ref);
      const { epoch } = await bench().engine.log.read('a', 0, 0);
      expect(deliveries.map(({ message }) => message.offset)).toEqual([6, 7, 8]);
      expect(gaps).toEqual(
        expect.arrayContaining([
          { from: { epoch, offset: 2 }, to: { epoch, offset: 5 }, reason: 'retention' },
          { from: { epoch, offset: 1 }, to: { epoch, offset: 2 }, reason: 'retention' },
        ]),
      );
    });
  });

  describe('an order', () => {
    const ref = { channel: 'a', group: 'g' };
    const byTag = { ...OPTIONS, orderBy: { kind: 'tag', tag: 'k' } as const };
    const strict = { ...OPTIONS, orderBy: { kind: 'all' } as const };

    it('by a tag has one message of each value in flight', async () => {
      for (const k of ['x', 'x', 'y', 'x', 'y']) await bench().append('a', { k });
      await bench().append('a');
      await bench().append('a');
      const [x, y] = await bench().claim(ref, 10, byTag);
      expect([x?.message.offset, y?.message.offset]).toEqual([1, 3]);
      expect(await bench().offsets(ref, 10, byTag)).toEqual([]); // 6 and 7 were part of the first claim
      await bench().settle(ref, [x as never], { type: 'ack' }, byTag);
      expect(await bench().offsets(ref, 10, byTag)).toEqual([2]);
      await bench().settle(ref, [y as never], { type: 'reject' }, byTag);
      expect(await bench().offsets(ref, 10, byTag)).toEqual([5]);
    });

    it('waits for a message that is delivered again', async () => {
      for (const k of ['x', 'x']) await bench().append('a', { k });
      await bench().settle(ref, [await bench().claimOne(ref, byTag)], { type: 'nack', delay: 1_000 }, byTag);
      expect(await bench().offsets(ref, 10, byTag)).toEqual([]);
      bench().clock.advance(1_000);
      expect(await bench().offsets(ref, 10, byTag)).toEqual([1]);
    });

    it('of all messages is strict', async () => {
      await bench().fill('a', 3);
      for (const offset of [1, 2, 3]) {
        const delivery = await bench().claimOne(ref, strict);
        expect(delivery.message.offset).toBe(offset);
        expect(await bench().offsets(ref, 10, strict)).toEqual([]);
        await bench().settle(ref, [delivery], { type: 'ack' }, strict);
      }
    });
  });
}
