import { describe, expect, it } from 'vitest';
import { type EngineBench, HOUR, KEEP } from './engine-bench.ts';

/** Pages of the log, and offsets by time. */
export function testReading(bench: () => EngineBench): void {
  describe('read', () => {
    it('pages forwards through everything, without holes or repeats', async () => {
      await bench().fill('a', 25);
      const seen: number[] = [];
      for (let after = 0; ; after = seen.at(-1) ?? 0) {
        const page = await bench().offsets('a', after, 7);
        if (page.length === 0) break;
        seen.push(...page);
      }
      expect(seen).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
    });

    it('pages backwards as well, because offsets have no holes', async () => {
      await bench().fill('a', 25);
      const seen: number[] = [];
      for (let before = 26; before > 1; before -= 7) {
        seen.unshift(...(await bench().offsets('a', Math.max(0, before - 8), Math.min(7, before - 1))));
      }
      expect(seen).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
    });

    it.each([
      [0, 0, []],
      [0, 2, [3, 4]],
      [1, 2, [3, 4]],
      [3, 2, [4, 5]],
      [5, 2, []],
      [99, 2, []],
      [4, 99, [5]],
    ])('after %i gives at most %i: %j', async (after, limit, expected) => {
      await bench().fill('a', 5, { retention: { count: 3, age: HOUR }, window: 0 });
      expect(await bench().offsets('a', after, limit)).toEqual(expected);
      expect(await bench().read('a', after, limit)).toMatchObject({ head: 5, first: 3 });
    });

    it('shows when messages expire, and still has those that have', async () => {
      await bench().watch('a');
      const expiresAt = bench().clock.now() + 1_000;
      await bench().append('a', KEEP, { expiresAt, data: { expiresAt: 5 } });
      await bench().append('a');
      bench().clock.advance(2_000);
      const { messages } = await bench().engine.log.read('a', 0, 10);
      expect(messages.map((message) => message.expiresAt)).toEqual([expiresAt, undefined]);
      expect((await bench().read('a')).messages).toMatchObject([{ offset: 1, expiresAt }, { offset: 2 }]);
      expect(bench().announced[0]?.message.expiresAt).toBe(expiresAt);
    });

    it('finds nothing in an unused channel', async () => {
      expect(await bench().read('a')).toMatchObject({ head: 0, first: 1, messages: [] });
    });
  });

  describe('seek', () => {
    it('finds the last message before a time', async () => {
      const start = bench().clock.now();
      for (const gap of [0, 10, 0, 5]) {
        bench().clock.advance(gap);
        await bench().append('a');
      }
      const found = [];
      for (const after of [-1, 0, 1, 10, 11, 15, 16]) found.push(await bench().engine.log.seek('a', start + after));
      expect(found).toEqual([0, 0, 1, 1, 3, 3, 4]);
    });

    it('reaches back as far as the log does', async () => {
      await bench().fill('a', 5, { retention: { count: 2, age: HOUR }, window: 0 });
      expect(await bench().engine.log.seek('a', 0)).toBe(3);
      expect(await bench().engine.log.seek('nowhere', 0)).toBe(0);
    });

    it('is correct even if the clocks of publishers step back', async () => {
      const start = bench().clock.now();
      for (const ago of [0, 50, 10, 0]) await bench().append('a', KEEP, { time: start - ago });
      const times = (await bench().read('a')).messages.map(({ time }) => time);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(await bench().engine.log.seek('a', start + 1)).toBe(4);
    });
  });
}
