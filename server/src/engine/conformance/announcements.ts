import { describe, expect, it } from 'vitest';
import { type EngineBench, HOUR, NONE } from './engine-bench.ts';

/** Announcements on watched channels. */
export function testAnnouncements(bench: () => EngineBench): void {
  describe('announcements', () => {
    it('come on watched channels only, in order, once, as in the log', async () => {
      await bench().watch('a');
      await Promise.all(Array.from({ length: 20 }, (_, at) => bench().append(at % 2 === 0 ? 'a' : 'b')));
      await expect.poll(() => bench().offsetsOf('a')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(bench().offsetsOf('b')).toEqual([]);
      const { messages, epoch } = await bench().read('a');
      expect(bench().announced.map(({ message }) => message)).toEqual(messages);
      expect(new Set(bench().announced.map((one) => one.epoch))).toEqual(new Set([epoch]));
    });

    it('come without history', async () => {
      await bench().watch('a');
      await bench().fill('a', 3, NONE);
      await expect.poll(() => bench().offsetsOf('a')).toEqual([1, 2, 3]);
    });

    it('have come when the append is answered, or come soon after', async () => {
      await bench().watch('a');
      const { offset } = await bench().append('a');
      await expect.poll(() => bench().offsetsOf('a')).toEqual([offset]);
    });

    it('end with unwatch, and begin again with watch', async () => {
      await bench().watch('a');
      await bench().append('a');
      await expect.poll(() => bench().offsetsOf('a')).toEqual([1]);
      bench().engine.log.unwatch('a');
      await bench().append('a');
      await bench().watch('a');
      await bench().append('a');
      await expect.poll(() => bench().offsetsOf('a')).toEqual([1, 3]);
    });

    it.each([
      ['begun and ended at once', async () => [bench().watch('a'), bench().engine.log.unwatch('a')], []],
      [
        'ended and begun again at once',
        async () => [bench().watch('a'), bench().engine.log.unwatch('a'), bench().watch('a')],
        [1],
      ],
      ['begun twice', async () => [bench().watch('a'), bench().watch('a')], [1]],
      [
        'begun twice and ended once',
        async () => [bench().watch('a'), bench().watch('a'), bench().engine.log.unwatch('a')],
        [],
      ],
    ] as const)('follow the latest call if a watch is %s', async (_, ask, expected) => {
      await bench().watch('b');
      await Promise.allSettled(await ask());
      await bench().append('a');
      await bench().append('b');
      await expect.poll(() => bench().offsetsOf('b')).toEqual([1]);
      if (expected.length > 0) await expect.poll(() => bench().offsetsOf('a')).toEqual(expected);
      // A later announcement would arrive in a moment: another round trip gives it the time.
      await bench().append('b');
      await expect.poll(() => bench().offsetsOf('b')).toEqual([1, 2]);
      expect(bench().offsetsOf('a')).toEqual(expected);
    });

    it('end for each channel separately', async () => {
      const channels = Array.from({ length: 600 }, (_, at) => `c${at}`);
      await Promise.all(channels.map((channel) => bench().watch(channel)));
      for (const channel of channels.slice(1)) bench().engine.log.unwatch(channel);
      await Promise.all(channels.map((channel) => bench().append(channel)));
      await bench().append('c0');
      await expect.poll(() => bench().offsetsOf('c0')).toEqual([1, 2]);
      expect(new Set(bench().announced.map(({ channel }) => channel))).toEqual(new Set(['c0']));
    });

    it('come on a channel that was watched before its first message, in the epoch that was read then', async () => {
      await bench().watch('a');
      const { epoch, head, first } = await bench().read('a');
      expect({ head, first }).toEqual({ head: 0, first: 1 });
      bench().clock.advance(100 * HOUR);
      expect(await bench().append('a')).toMatchObject({ epoch, offset: 1 });
    });
  });
}
