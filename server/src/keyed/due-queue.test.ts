import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { Turn } from '../util/turn.ts';
import { DueQueue } from './due-queue.ts';

function create() {
  const turns: (() => void)[] = [];
  const clock = new ManualClock();
  const queue = new DueQueue<string>(clock, new Turn((task) => turns.push(task)));
  return { clock, queue, turns };
}

describe('a due queue', () => {
  it('returns items that are due at once, each once, and schedules a turn', () => {
    const { queue, turns } = create();
    for (const item of ['a', 'b', 'a']) queue.add(item, 0);
    expect(turns).toHaveLength(1);
    expect(queue.take()).toEqual(['a', 'b']);
    expect(queue.take()).toEqual([]);
  });

  it('returns delayed items when they fall due', () => {
    const { clock, queue, turns } = create();
    queue.add('a', 500);
    clock.advance(499);
    expect(queue.take()).toEqual([]);
    expect(turns).toEqual([]);
    clock.advance(1);
    expect(turns).toHaveLength(1);
    expect(queue.take()).toEqual(['a']);
  });

  it.each([0, 100, 900])('keeps the time of an item that already waits, if it is added with %i ms', (wait) => {
    const { clock, queue } = create();
    queue.add('a', 500);
    queue.add('a', wait);
    expect(queue.take()).toEqual([]);
    clock.advance(500);
    expect(queue.take()).toEqual(['a']);
    expect(clock.running).toBe(0);
  });

  it('forgets deleted items and their timers', () => {
    const { clock, queue } = create();
    queue.add('a', 0);
    queue.add('b', 500);
    for (const item of ['a', 'b', 'c']) queue.delete(item);
    expect(clock.running).toBe(0);
    expect(queue.take()).toEqual([]);
  });
});
