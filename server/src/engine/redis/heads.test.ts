import { describe, expect, it } from 'vitest';
import { Heads } from './heads.ts';

const at = (head: number, epoch = 'e') => ({ epoch, head, id: `m${head}` });

describe('the heads that a node knows', () => {
  it('are the latest announced or answered, and never decrease within one epoch', () => {
    const heads = new Heads();
    heads.update('a', at(5));
    heads.update('a', at(3));
    expect(heads.get('a')).toMatchObject(at(5));
    heads.confirm('a', at(4));
    expect(heads.get('a')).toMatchObject(at(5));
    heads.confirm('a', at(1, 'f'));
    expect(heads.get('a')).toMatchObject(at(1, 'f'));
  });

  it('are in doubt after a loss until Redis has confirmed them; announcements do not confirm', () => {
    const heads = new Heads();
    heads.confirm('a', at(5));
    expect(heads.isDoubtful('a')).toBe(false);
    heads.doubt();
    heads.update('a', at(6));
    expect([heads.isDoubtful('a'), heads.get('a')?.head]).toEqual([true, 5]);
    heads.confirm('a', at(5));
    expect([heads.isDoubtful('a'), heads.isDoubtful('unknown')]).toEqual([false, false]);
  });

  it.each([99_999, 100_000, 100_001, 100_500])('is bounded: of %i logs the latest 100,000', (count) => {
    const heads = new Heads();
    for (let n = 0; n < count; n++) heads.update(`c${n}`, at(1));
    heads.update(`c${count - 1}`, at(2)); // is known already: uses no slot
    const forgotten = Math.max(0, count - 100_000);
    if (forgotten > 0) expect(heads.get(`c${forgotten - 1}`)).toBeUndefined();
    expect(heads.get(`c${forgotten}`)).toMatchObject(at(1));
  });
});
