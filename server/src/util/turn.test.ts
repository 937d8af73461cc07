import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turn } from './turn.ts';

function manual() {
  const deferred: (() => void)[] = [];
  const turn = new Turn((task) => deferred.push(task));
  const end = () => deferred.splice(0).map((task) => task());
  return { turn, deferred, end };
}

it('ends once, however often it is asked for', () => {
  const { turn, deferred, end } = manual();
  const done: string[] = [];
  turn.atEnd(() => done.push('first'));
  turn.atEnd(() => done.push('second'));
  turn.schedule();
  turn.schedule();
  expect(deferred).toHaveLength(1);
  expect(done).toEqual([]);
  end();
  expect(done).toEqual(['first', 'second']);
});

it('reports a step that throws, and runs the others all the same', () => {
  const { turn, end } = manual();
  const faults: unknown[] = [];
  let done = 0;
  const mistake = new Error('a mistake');
  turn.onFault = (error) => faults.push(error);
  turn.atEnd(() => {
    throw mistake;
  });
  turn.atEnd(() => done++);
  turn.schedule();
  end();
  expect([faults, done]).toEqual([[mistake], 1]);
});

it('runs what a step schedules in the next turn', () => {
  const { turn, deferred, end } = manual();
  let rounds = 0;
  turn.atEnd(() => {
    if (++rounds < 3) turn.schedule();
  });
  turn.schedule();
  end();
  expect([rounds, deferred.length]).toEqual([1, 1]);
  end();
  end();
  expect([rounds, deferred.length]).toEqual([3, 0]);
});

it('ends with the turn of the event loop', async () => {
  const turn = new Turn();
  let ended = false;
  turn.atEnd(() => {
    ended = true;
  });
  turn.schedule();
  await Promise.resolve();
  expect(ended).toBe(false);
  await nextTurn();
  expect(ended).toBe(true);
});
