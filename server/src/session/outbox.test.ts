import { expect, it } from 'vitest';
import { Turn } from '../util/turn.ts';
import { Outbox } from './outbox.ts';

/** An outbox whose turns end by hand. */
function createOutbox() {
  let end = () => {};
  const turn = new Turn((task) => {
    end = task;
  });
  const faults: unknown[] = [];
  turn.onFault = (error) => faults.push(error);
  const outbox = new Outbox(turn);
  turn.atEnd(() => outbox.flush());
  return { outbox, faults, endTurn: () => end() };
}

it('releases everybody at the end of the turn, in the order in which they came', () => {
  const { outbox, endTurn } = createOutbox();
  const released: string[] = [];
  for (const name of ['a', 'b']) outbox.add({ release: () => released.push(name) });
  expect(released).toEqual([]);
  endTurn();
  expect(released).toEqual(['a', 'b']);
});

it('releases what is held back meanwhile in the next turn', () => {
  const { outbox, endTurn } = createOutbox();
  const released: string[] = [];
  outbox.add({ release: () => outbox.add({ release: () => released.push('late') }) });
  endTurn();
  expect(released).toEqual([]);
  endTurn();
  expect(released).toEqual(['late']);
});

it('releases all others after a mistake with one', () => {
  const { outbox, faults, endTurn } = createOutbox();
  const released: string[] = [];
  outbox.add({ release: () => released.push('before') });
  outbox.add({
    release: () => {
      throw new Error('a mistake');
    },
  });
  outbox.add({ release: () => released.push('behind') });
  endTurn();
  endTurn();
  expect(faults).toEqual([new Error('a mistake')]);
  expect(released).toEqual(['before', 'behind']);
});
