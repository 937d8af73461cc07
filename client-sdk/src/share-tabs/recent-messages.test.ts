import { describe, expect, it } from 'vitest';
import { RecentMessages } from './recent-messages.ts';

const message = (offset: number, data = '') => ({ id: `m${offset}`, offset, time: offset * 10, data });

function recentOf(from: number, to: number): RecentMessages {
  const recent = new RecentMessages();
  for (let offset = from; offset <= to; offset++) recent.add('e', message(offset));
  return recent;
}

const at = (offset: number, epoch = 'e') => ({ epoch, offset });
const offsets = (recent: RecentMessages, after: number) => recent.after(at(after)).map(({ offset }) => offset);

describe('messages 5 to 9', () => {
  it.each([
    [4, true],
    [3, false],
    [9, true],
    [10, false],
  ])('reach back to the position %i: %s', (offset, reached) => {
    expect(recentOf(5, 9).reaches(at(offset))).toBe(reached);
  });

  it('do not reach a position of another epoch', () => {
    expect(recentOf(5, 9).reaches(at(7, 'other'))).toBe(false);
  });

  it.each([
    [2, at(7), true],
    [5, at(4), true],
    [6, at(4), false],
  ])('go back by %i as far as they can', (count, position, held) => {
    expect([recentOf(5, 9).back(count), recentOf(5, 9).holds(count)]).toEqual([position, held]);
  });

  it.each([
    [61, at(6)],
    [70, at(6)],
    [91, at(9)],
    [50, undefined],
    [0, undefined],
  ])('know what is not older than %i, unless that may be more than they are', (time, position) => {
    expect(recentOf(5, 9).before(time)).toEqual(position);
  });
});

it('holds the whole log if it starts with the first message', () => {
  expect(recentOf(1, 3).holds(50)).toBe(true);
});

it('starts over after a hole and in another epoch', () => {
  const recent = recentOf(1, 3);
  recent.add('e', message(6));
  expect([offsets(recent, 0), recent.reaches(at(4)), recent.reaches(at(5))]).toEqual([[6], false, true]);
  recent.add('f', message(1));
  expect([offsets(recent, 0), recent.position]).toEqual([[1], at(1, 'f')]);
});

it('ignores a message that arrives twice', () => {
  const recent = recentOf(1, 3);
  recent.add('e', message(2));
  expect([offsets(recent, 0), recent.position]).toEqual([[1, 2, 3], at(3)]);
});

it('keeps the newest 500 messages, and at most a million characters', () => {
  expect(offsets(recentOf(1, 600), 0)).toHaveLength(500);
  const recent = new RecentMessages();
  for (let offset = 1; offset <= 5; offset++) recent.add('e', message(offset, 'x'.repeat(300_000)));
  expect(offsets(recent, 0)).toEqual([3, 4, 5]);
});

it('keeps no message that expires, and starts again after it', () => {
  const recent = recentOf(5, 6);
  recent.add('e', { ...message(7), expiresAt: 1_000 });
  expect([recent.position, recent.reaches(at(6)), recent.reaches(at(7))]).toEqual([at(7), false, true]);
  recent.add('e', message(8));
  expect(offsets(recent, 7)).toEqual([8]);
});
