import { describe, expect, it } from 'vitest';
import { judgeLog, judgeSent, type Sent } from '../src/bridges/judge.ts';

const logOf = (...numbers: number[]) => numbers.map((n, at) => ({ offset: at + 1, n }));

describe('the judge of a channel that a bridge fills', () => {
  it.each([
    ['the same', [1, 2, 3], [1, 2, 3], []],
    ['what the broker itself has twice', [1, 2, 2, 3], [1, 2, 2, 3], []],
    ['nothing', [], [], []],
    ['a missing one', [1, 3], [1, 2, 3], ['3 is at offset 2, where 2 was expected, which is missing']],
    ['a missing end', [1], [1, 2, 3], ['2 is missing at the end, with 1 others']],
    ['a repeat', [1, 2, 1, 3], [1, 2, 3], ['1 appears again at offset 3']],
    ['a repeat at the end', [1, 2, 3, 3], [1, 2, 3], ['3 at offset 4 is more than the broker has']],
    ['another order', [2, 1, 3], [1, 2, 3], ['2 is at offset 1, where 1 was expected, which is later']],
  ])('%s', (_, log, expected, faults) => {
    expect(judgeLog(logOf(...log), expected)).toEqual(faults);
  });

  it('notices a hole in the offsets', () => {
    const log = [
      { offset: 1, n: 1 },
      { offset: 3, n: 2 },
    ];
    expect(judgeLog(log, [1, 2])).toEqual(['offset 3 follows 1']);
  });
});

const sentOf = (...offsets: number[]): Sent[] => offsets.map((offset) => ({ offset, n: offset, isGap: false }));
const rules = { count: 3, deduplicates: false };

describe('the judge of what a bridge has sent', () => {
  it.each([
    ['each once', [1, 2, 3], []],
    ['a batch that was sent again', [1, 2, 1, 2, 3], []],
    ['a missing one', [1, 3], ['1 are missing, the first is 2']],
    ['another order', [1, 3, 2], ['2 arrived for the first time after 3']],
    ['more than there is', [1, 2, 3, 4], ['4 arrived, but only 3 were published']],
  ])('%s', (_, offsets, faults) => {
    expect(judgeSent(sentOf(...offsets), rules)).toEqual(faults);
  });

  it('accepts no repeat from a broker that recognises repeats', () => {
    expect(judgeSent(sentOf(1, 2, 2, 3), { ...rules, deduplicates: true })).toEqual(['2 arrived twice']);
  });

  it('accepts no other message at an offset, and no gap', () => {
    const sent = [...sentOf(1, 2), { offset: 3, n: 2, isGap: false }, { offset: 3, n: 0, isGap: true }];
    expect(judgeSent(sent, rules)).toEqual([
      'offset 3 has the number 2',
      'a gap was sent up to offset 3, but the log has kept everything',
    ]);
  });
});
