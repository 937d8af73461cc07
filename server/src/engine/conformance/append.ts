import { describe, expect, it } from 'vitest';
import { type EngineBench, KEEP, NONE } from './engine-bench.ts';

/** Offsets, epochs and fields of appended messages. */
export function testAppend(bench: () => EngineBench): void {
  describe('append', () => {
    it('counts 1, 2, 3… in each channel by itself', async () => {
      const results = [];
      for (const channel of ['a', 'b', 'a', 'a', 'b']) results.push(await bench().append(channel));
      expect(results.map(({ offset }) => offset)).toEqual([1, 1, 2, 3, 2]);
      expect(results.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
    });

    it('keeps one epoch', async () => {
      const first = await bench().append('a');
      const second = await bench().append('a');
      expect(second.epoch).toBe(first.epoch);
      expect((await bench().read('a')).epoch).toBe(first.epoch);
    });

    it('keeps the order of appends that do not wait for each other', async () => {
      const results = await Promise.all(Array.from({ length: 50 }, () => bench().append('a')));
      expect(results.map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
      expect((await bench().read('a')).messages.map(({ id }) => id)).toEqual(results.map(({ id }) => id));
    });

    it('stores every field unchanged', async () => {
      const more = {
        data: { text: 'привет 👋\u0000', list: [1, -0.5, 1e21, null, true, {}], 'a b': '' },
        event: 'said',
        tags: { lang: 'ru', '': '' },
        from: 'ada',
        origin: { channel: 'b:c', offset: 7 },
        trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      };
      const { offset } = await bench().append('a', KEEP, more);
      const [message] = (await bench().read('a')).messages;
      expect(message).toEqual({ id: 'm1', offset, time: bench().clock.now(), ...more });
    });

    it('counts offsets without history', async () => {
      await bench().fill('a', 3, NONE);
      expect(await bench().read('a')).toMatchObject({ head: 3, first: 4, messages: [] });
    });
  });
}
