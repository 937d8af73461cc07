import { describe, expect, it } from 'vitest';
import type { Outcome } from '../groups.ts';
import { type GroupsBench, OPTIONS } from './groups-bench.ts';

/** How a delivery ends. */
export function testSettling(bench: () => GroupsBench): void {
  const ref = { channel: 'a', group: 'g' };
  const pass = (ms: number) => bench().clock.advance(ms);

  describe('a delivery', () => {
    it('that was acknowledged does not come again, and is acknowledged once', async () => {
      await bench().fill('a', 1);
      const delivery = await bench().claimOne(ref);
      expect(await bench().settle(ref, [delivery])).toEqual([true]);
      expect(await bench().settle(ref, [delivery])).toEqual([false]);
      pass(OPTIONS.ackTimeout);
      expect(await bench().offsets(ref)).toEqual([]);
    });

    it.each<[string, (id: string) => string]>([
      ['nothing', () => ''],
      ['some text', () => 'x'.repeat(300)],
      ['another offset', (id) => id.replace(/^1\./, '2.')],
      ['another token', (id) => id.replace(/^1\.[^.]+/, '1.guess')],
      ['another epoch', (id) => `${id}x`],
      ['a huge offset', (id) => id.replace(/^1/, '99999999999999999999')],
    ])('is not accepted by an id of %s', async (_, forge) => {
      await bench().fill('a', 1);
      const { id } = await bench().claimOne(ref);
      expect(await bench().settle(ref, [forge(id), id])).toEqual([false, true]);
    });

    it('is not accepted in another group', async () => {
      await bench().fill('a', 1);
      const delivery = await bench().claimOne(ref);
      expect(await bench().settle({ ...ref, group: 'other' }, [delivery])).toEqual([false]);
    });

    it('expires, and the message comes again before new ones', async () => {
      await bench().fill('a', 1);
      const first = await bench().claimOne(ref);
      pass(OPTIONS.ackTimeout - 1);
      expect(await bench().offsets(ref)).toEqual([]);
      await bench().fill('a', 1);
      pass(1);
      expect(await bench().settle(ref, [first])).toEqual([false]);
      const again = await bench().claim(ref);
      expect(again.map(({ attempt, message }) => [message.offset, attempt])).toEqual([
        [1, 2],
        [2, 1],
      ]);
      expect(await bench().settle(ref, [first])).toEqual([false]);
      expect(await bench().settle(ref, again)).toEqual([true, true]);
    });

    it('that is extended expires later', async () => {
      await bench().fill('a', 1);
      const delivery = await bench().claimOne(ref);
      pass(20_000);
      expect(await bench().settle(ref, [delivery], { type: 'extend' })).toEqual([true]);
      pass(OPTIONS.ackTimeout - 1);
      expect(await bench().offsets(ref)).toEqual([]);
      pass(1);
      expect(await bench().offsets(ref)).toEqual([1]);
    });

    it('that is released expires after the grace, and can be acknowledged until then', async () => {
      await bench().fill('a', 2);
      const [first, second] = await bench().claim(ref);
      await bench().settle(ref, [first as never, second as never], { type: 'release', grace: 5_000 });
      pass(4_999);
      expect(await bench().settle(ref, [first as never])).toEqual([true]);
      pass(1);
      expect(await bench().settle(ref, [second as never])).toEqual([false]);
      expect(await bench().offsets(ref)).toEqual([2]);
    });

    it('that is returned is ready at once, as if it had not been claimed', async () => {
      const once = { ...OPTIONS, maxDeliveries: 1, backoff: [60_000] };
      await bench().fill('a', 1);
      const delivery = await bench().claimOne(ref, once);
      expect(await bench().settle(ref, [delivery], { type: 'return' }, once)).toEqual([true]);
      expect(await bench().settle(ref, [delivery], { type: 'ack' }, once)).toEqual([false]);
      const again = await bench().claimOne(ref, once);
      expect(again).toMatchObject({ attempt: 1, message: { offset: 1 } });
      expect(await bench().settle(ref, [again], { type: 'ack' }, once)).toEqual([true]);
    });

    it('that is released does not last longer than before', async () => {
      await bench().fill('a', 1);
      const delivery = await bench().claimOne(ref);
      pass(OPTIONS.ackTimeout - 1_000);
      await bench().settle(ref, [delivery], { type: 'release', grace: 5_000 });
      pass(1_000);
      expect(await bench().offsets(ref)).toEqual([1]);
    });
  });

  describe('a nack', () => {
    const patient = { ...OPTIONS, backoff: [1_000, 10_000] };

    it('returns the message at once if there is no backoff', async () => {
      await bench().fill('a', 1);
      const delivery = await bench().claimOne(ref);
      expect(await bench().settle(ref, [delivery], { type: 'nack' })).toEqual([true]);
      expect(await bench().settle(ref, [delivery])).toEqual([false]);
      expect(await bench().claimOne(ref)).toMatchObject({ attempt: 2 });
    });

    it('waits for the backoff of its attempt, give or take a fifth', async () => {
      await bench().fill('a', 1);
      for (const wait of [1_000, 10_000, 10_000]) {
        await bench().settle(ref, [await bench().claimOne(ref, patient)], { type: 'nack' }, patient);
        pass(0.8 * wait - 1);
        expect(await bench().offsets(ref, 1, patient)).toEqual([]);
        pass(0.4 * wait + 1);
      }
    });

    it('waits for its own delay', async () => {
      await bench().fill('a', 1);
      await bench().settle(ref, [await bench().claimOne(ref, patient)], { type: 'nack', delay: 77 }, patient);
      pass(76);
      expect(await bench().offsets(ref, 1, patient)).toEqual([]);
      pass(1);
      expect(await bench().offsets(ref, 1, patient)).toEqual([1]);
    });

    it('of a timeout waits for the backoff, from the end of the delivery', async () => {
      await bench().fill('a', 1);
      await bench().claimOne(ref, patient);
      pass(patient.ackTimeout + 1_200);
      expect(await bench().offsets(ref, 1, patient)).toEqual([1]);
    });
  });

  describe('a message dies', () => {
    const twice = { ...OPTIONS, maxDeliveries: 2 };
    const fail = async (outcome: Outcome) => bench().settle(ref, [await bench().claimOne(ref, twice)], outcome, twice);

    it('after its last delivery', async () => {
      await bench().fill('a', 2);
      await fail({ type: 'nack', error: 'no disk' });
      await fail({ type: 'nack' });
      expect(await bench().offsets(ref, 1, twice)).toEqual([2]);
      const time = bench().clock.now();
      const { epoch } = await bench().engine.log.read('a', 0, 0);
      expect(await bench().dead(ref)).toEqual({
        total: 1,
        letters: [{ ordinal: 1, epoch, reason: 'max_deliveries', deliveries: 2, error: 'no disk', time, offset: 1 }],
      });
    });

    it('after its last delivery has expired', async () => {
      await bench().fill('a', 1);
      for (let at = 0; at < 2; at++) {
        await bench().claimOne(ref, twice);
        pass(twice.ackTimeout);
      }
      expect(await bench().claimAll(ref, 1, twice)).toMatchObject({ deliveries: [], dead: 1 });
      expect((await bench().dead(ref)).letters).toMatchObject([{ reason: 'max_deliveries', deliveries: 2 }]);
    });

    it('when it is rejected', async () => {
      await bench().fill('a', 1);
      expect(await fail({ type: 'reject', error: 'not a picture' })).toEqual([true]);
      expect((await bench().dead(ref)).letters).toMatchObject([
        { reason: 'rejected', deliveries: 1, error: 'not a picture' },
      ]);
      expect(await bench().stats(ref)).toMatchObject({ floor: 1, ready: 0, inFlight: 0, delayed: 0, dead: 1 });
    });

    it('with a copy, which the retention of the log does not touch', async () => {
      const keep = { retention: { count: 1, age: 3_600_000 } };
      await bench().append('a', undefined, keep);
      await fail({ type: 'reject' });
      for (let at = 0; at < 3; at++) await bench().append('a', undefined, keep);
      expect((await bench().dead(ref)).letters).toMatchObject([{ offset: 1 }]);
      await bench().groups.redrive(ref, OPTIONS, null);
      expect(await bench().offsets(ref)).toEqual([1, 4]);
    });
  });
}
