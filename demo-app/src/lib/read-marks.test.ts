import { beforeEach, expect, it } from 'vitest';
import { ReadMarks } from './read-marks.ts';

let storage: Storage;

beforeEach(() => {
  const items = new Map<string, string>();
  storage = {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    key: (at) => [...items.keys()][at] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
});

const at = (offset: number, epoch = 'e') => ({
  id: `${offset}`,
  channel: 'chat:lobby',
  epoch,
  offset,
  time: 0,
  data: {},
});

it('treats everything as unread before the first mark', () => {
  const marks = new ReadMarks('ada', storage);
  expect(marks.has('chat:lobby')).toBe(false);
  expect(marks.isUnread(at(1))).toBe(true);
});

it('moves only forward', () => {
  const marks = new ReadMarks('ada', storage);
  marks.read(at(5));
  marks.read(at(3));
  expect(marks.isUnread(at(5))).toBe(false);
  expect(marks.isUnread(at(6))).toBe(true);
});

it('ignores the mark if the log began a new epoch', () => {
  const marks = new ReadMarks('ada', storage);
  marks.read(at(5));
  expect(marks.isUnread(at(1, 'f'))).toBe(true);
  marks.read(at(1, 'f'));
  expect(marks.isUnread(at(1, 'f'))).toBe(false);
});

it('separates the marks of two users', () => {
  new ReadMarks('ada', storage).read(at(5));
  expect(new ReadMarks('bob', storage).has('chat:lobby')).toBe(false);
});
