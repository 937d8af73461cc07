import { describe, expect, it, type TestContext } from 'vitest';
import { type EngineBench, HOUR, KEEP, NONE } from './engine-bench.ts';

/** Which channels have messages. */
export function testLogList(bench: () => EngineBench): void {
  const skipWithout = ({ skip }: TestContext): void => {
    if (bench().engine.log.channels === undefined) skip('the engine has no list of its logs');
  };
  const list = async (from = '', most = 100) => bench().engine.log.channels?.(from, most);

  describe('the list of channels', () => {
    it('has those whose log holds messages, by name', async (context) => {
      skipWithout(context);
      for (const channel of ['c', 'a', 'b:x']) await bench().append(channel);
      await bench().append('kept:not', NONE);
      await bench().watch('empty');
      await bench().read('nothing');
      expect(await list()).toEqual({ channels: ['a', 'b:x', 'c'], upTo: null });
      expect(await list('b')).toEqual({ channels: ['b:x', 'c'], upTo: null });
      expect(await list('b:x')).toEqual({ channels: ['b:x', 'c'], upTo: null });
    });

    it('says how far it is complete', async (context) => {
      skipWithout(context);
      for (const channel of ['a', 'b', 'c']) await bench().append(channel);
      expect(await list('', 2)).toEqual({ channels: ['a', 'b'], upTo: 'b' });
      expect(await list('c', 2)).toEqual({ channels: ['c'], upTo: null });
    });

    it('has no channel whose messages are gone, and has it again with the next one', async (context) => {
      skipWithout(context);
      for (const channel of ['old', 'purged']) await bench().append(channel);
      await bench().engine.log.purge?.('purged', 1);
      expect(await list()).toEqual({ channels: ['old'], upTo: null });
      await bench().pass(2 * HOUR);
      expect(await list()).toEqual({ channels: [], upTo: null });
      for (const channel of ['old', 'purged']) await bench().append(channel, KEEP);
      expect(await list()).toEqual({ channels: ['old', 'purged'], upTo: null });
    });
  });
}
