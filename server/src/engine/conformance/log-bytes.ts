import { describe, expect, it } from 'vitest';
import { WEIGHED } from '../estimate-bytes.ts';
import { type EngineBench, HOUR, KEEP, NONE } from './engine-bench.ts';

/** Bytes of the payload of a message; its JSON has fewer than `FRAME` others. */
const PAYLOAD = 1_000;
const FRAME = 100;
const BIG = { data: 'x'.repeat(PAYLOAD) };

/** How many bytes the messages of a log have. */
export function testBytes(bench: () => EngineBench): void {
  describe('the bytes of a log', () => {
    const bytes = async (channel: string): Promise<number> => (await bench().engine.log.bytes?.(channel)) ?? -1;
    const expectMessages = async (channel: string, count: number): Promise<void> => {
      const actual = await bytes(channel);
      expect(actual).toBeGreaterThanOrEqual(count * PAYLOAD);
      expect(actual).toBeLessThanOrEqual(count * (PAYLOAD + FRAME));
    };

    it('are none without messages, and where none are kept', async () => {
      expect(await bytes('a')).toBe(0);
      await bench().append('a', NONE, BIG);
      expect(await bytes('a')).toBe(0);
    });

    it.each([1, WEIGHED, WEIGHED + 1, 3 * WEIGHED - 1])('are those of all of %i messages', async (count) => {
      for (let at = 0; at < count; at++) await bench().append('a', KEEP, BIG);
      await expectMessages('a', count);
    });

    it('are near the sum if sizes differ', async () => {
      const count = 10 * WEIGHED;
      for (let at = 0; at < count; at++) await bench().append('a', KEEP, { data: 'x'.repeat(10 * at) });
      const sum = (10 * count * (count - 1)) / 2;
      expect(await bytes('a')).toBeGreaterThan(0.8 * sum);
      expect(await bytes('a')).toBeLessThan(1.2 * (sum + count * FRAME));
    });

    it('count no message that was purged, has made room, or is too old', async () => {
      const options = { ...KEEP, retention: { count: 5, age: HOUR } };
      for (let at = 0; at < 8; at++) await bench().append('a', options, BIG);
      await expectMessages('a', 5);
      await bench().engine.log.purge?.('a', 6);
      await expectMessages('a', 2);
      await bench().pass(2 * HOUR);
      expect(await bytes('a')).toBe(0);
    });
  });
}
