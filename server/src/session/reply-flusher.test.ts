import { expect, it } from 'vitest';
import { Turn } from '../util/turn.ts';
import { ReplyFlusher } from './reply-flusher.ts';

/** A reply flusher whose turns end by hand. */
function setUp() {
  let end = () => {};
  const turn = new Turn((task) => {
    end = task;
  });
  const faults: unknown[] = [];
  turn.onFault = (error) => faults.push(error);
  const replies = new ReplyFlusher(turn);
  turn.atEnd(() => replies.flush());
  return { replies, faults, endTurn: () => end() };
}

it('releases everybody at the end of the turn, in the order in which they came', () => {
  const { replies, endTurn } = setUp();
  const released: string[] = [];
  for (const name of ['a', 'b']) replies.add({ release: () => released.push(name) });
  expect(released).toEqual([]);
  endTurn();
  expect(released).toEqual(['a', 'b']);
});

it('releases what is held back meanwhile in the next turn', () => {
  const { replies, endTurn } = setUp();
  const released: string[] = [];
  replies.add({ release: () => replies.add({ release: () => released.push('late') }) });
  endTurn();
  expect(released).toEqual([]);
  endTurn();
  expect(released).toEqual(['late']);
});

it('releases all others after a mistake with one', () => {
  const { replies, faults, endTurn } = setUp();
  const released: string[] = [];
  replies.add({ release: () => released.push('before') });
  replies.add({
    release: () => {
      throw new Error('a mistake');
    },
  });
  replies.add({ release: () => released.push('behind') });
  endTurn();
  endTurn();
  expect(faults).toEqual([new Error('a mistake')]);
  expect(released).toEqual(['before', 'behind']);
});
