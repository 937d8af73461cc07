import { describe, expect, it } from 'vitest';
import { RequestQueue } from './request-queue.ts';

/** A queue whose turns and time the test controls. */
function setUp() {
  const turns: (() => void)[] = [];
  let now = 0;
  const queue = new RequestQueue(
    (task) => turns.push(task),
    () => now,
  );
  const done: number[] = [];
  const add = (name: number, takes = 0) =>
    queue.add(() => {
      done.push(name);
      now += takes;
    });
  const turn = () => {
    for (const task of turns.splice(0)) task();
    return done.splice(0);
  };
  return { add, queue, turn, turns };
}

describe('requests', () => {
  it('are executed in the next turn, in their order', () => {
    const { add, turn, turns } = setUp();
    for (const name of [1, 2, 3]) add(name);
    expect(turns).toHaveLength(1);
    expect(turn()).toEqual([1, 2, 3]);
    expect(turns).toHaveLength(0);
  });

  it('are left to later turns if earlier ones take long', () => {
    const { add, turn } = setUp();
    for (const name of [1, 2, 3, 4]) add(name, 3);
    expect([turn(), turn(), turn()]).toEqual([[1, 2], [3, 4], []]);
  });

  it('wait for the next turn if they arrive during a turn', () => {
    const { add, turn } = setUp();
    add(1, 6);
    add(2);
    expect(turn()).toEqual([1]);
    add(3);
    expect(turn()).toEqual([2, 3]);
  });

  it('continue after one of them throws', () => {
    const { add, queue, turn } = setUp();
    queue.add(() => {
      throw new Error('a mistake');
    });
    add(2);
    expect(turn).toThrow('a mistake');
    expect(turn()).toEqual([2]);
  });
});
