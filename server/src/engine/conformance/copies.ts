import { describe, expect, it, type TestContext } from 'vitest';
import { HeadMoved } from '../engine.ts';
import { type EngineBench, KEEP, NONE } from './engine-bench.ts';

/** Appends with copies for other channels, which are one step with the message. */
export function testCopies(bench: () => EngineBench): void {
  const skipWithout = ({ skip }: TestContext): void => {
    if (bench().engine.log.copies !== true) skip('the caller appends the copies');
  };

  const copies = () => [
    { channel: 'b', entry: bench().entry({ data: 'to b' }), options: KEEP },
    { channel: 'c', entry: bench().entry({ data: 'to c' }), options: NONE },
  ];

  describe('copies', () => {
    it('are appended and announced with the message, and name it', async (context) => {
      skipWithout(context);
      await bench().fill('a', 2);
      await bench().fill('b', 1);
      for (const channel of ['a', 'b', 'c']) await bench().watch(channel);
      const { offset } = await bench().append('a', { ...KEEP, copies: copies() });
      const origin = { channel: 'a', offset };
      expect((await bench().read('b', 1)).messages).toMatchObject([{ offset: 2, data: 'to b', origin }]);
      expect(await bench().read('c')).toMatchObject({ head: 1, messages: [] });
      const announced = bench().announced.map(({ channel, message }) => [channel, message.offset, message.origin]);
      expect(announced).toEqual([
        ['a', 3, undefined],
        ['b', 2, origin],
        ['c', 1, origin],
      ]);
    });

    it('are not appended again if the key is repeated', async (context) => {
      skipWithout(context);
      for (let n = 0; n < 2; n++) await bench().append('a', { ...KEEP, key: 'k', copies: copies() });
      expect([await bench().offsets('a'), await bench().offsets('b')]).toEqual([[1], [1]]);
    });

    it('are not appended if the message is refused', async (context) => {
      skipWithout(context);
      await bench().fill('a', 1);
      const late = bench().append('a', { ...KEEP, expected: { offset: 0 }, copies: copies() });
      await expect(late).rejects.toThrow(HeadMoved);
      expect([await bench().offsets('a'), await bench().offsets('b')]).toEqual([[1], []]);
    });
  });
}
