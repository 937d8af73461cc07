import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type QueuedTimer, TimerQueue } from './timer-queue.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), at: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), now: fc.nat(60) }) },
);

interface Modelled {
  readonly at: number;
  readonly name: number;
}

/** What is due, by a scan over a list in the order of adding. */
function takeFrom(model: Modelled[], now: number): number | undefined {
  const first = model.reduce<Modelled | undefined>(
    (best, each) => (best && best.at <= each.at ? best : each),
    undefined,
  );
  if (first === undefined || first.at > now) return undefined;
  model.splice(model.indexOf(first), 1);
  return first.name;
}

describe('a timer queue', () => {
  it('runs timers in the order of their times, whatever is added and cancelled', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new TimerQueue();
        const timers: QueuedTimer[] = [];
        const model: Modelled[] = [];
        let taken: number | undefined;
        const take = (now: number) => {
          taken = undefined;
          queue.take(now)?.();
          expect(taken).toBe(takeFrom(model, now));
        };
        for (const one of steps) {
          if (one.kind === 'add') {
            const name = timers.length;
            model.push({ at: one.at, name });
            timers.push(
              queue.add(one.at, () => {
                taken = name;
              }),
            );
          } else if (one.kind === 'cancel') {
            const name = one.which % Math.max(1, timers.length);
            timers[name]?.cancel();
            const at = model.findIndex((each) => each.name === name);
            if (at !== -1) model.splice(at, 1);
          } else take(one.now);
          expect(queue.size).toBe(model.length);
          expect(queue.next).toBe(Math.min(...model.map(({ at }) => at)));
        }
        while (model.length > 0) take(100);
        expect(queue.take(100)).toBeUndefined();
      }),
    );
  });

  it('keeps the order when a late timer is cancelled before earlier ones of another branch', () => {
    const queue = new TimerQueue();
    const rung: number[] = [];
    const times = [0, 100, 1, 101, 102, 2, 3, 103, 104, 105, 106, 50, 51, 52, 4];
    const timers = times.map((at) => queue.add(at, () => rung.push(at)));
    timers[times.indexOf(103)]?.cancel();
    while (queue.size > 0) queue.take(200)?.();
    expect(rung).toEqual([0, 1, 2, 3, 4, 50, 51, 52, 100, 101, 102, 104, 105, 106]);
  });

  it('reports when the last timer was cancelled', () => {
    const emptied = vi.fn();
    const queue = new TimerQueue(emptied);
    const [first, second] = [queue.add(1, () => {}), queue.add(2, () => {})];
    first.cancel();
    first.cancel();
    expect(emptied).not.toHaveBeenCalled();
    second.cancel();
    expect(emptied).toHaveBeenCalledTimes(1);
  });
});
