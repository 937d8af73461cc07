import { describe, expect, it } from 'vitest';
import { Turn } from '../util/turn.ts';
import { FairScheduler } from './fair-scheduler.ts';

function setUp() {
  const turns: (() => void)[] = [];
  const turn = new Turn((end) => turns.push(end));
  const faults: unknown[] = [];
  turn.onFault = (error) => faults.push(error);
  const scheduler = new FairScheduler(turn);
  turn.atEnd(() => scheduler.next());
  const said: string[] = [];
  return { scheduler, faults, said, next: () => turns.shift()?.(), scheduled: () => turns.length };
}

describe('FairScheduler', () => {
  it('lets everybody who is behind go on once in each turn', () => {
    const { scheduler, said, next, scheduled } = setUp();
    const ada = { resume: () => said.push('ada') && scheduler.add(ada) };
    scheduler.add(ada);
    scheduler.add({ resume: () => said.push('ben') });
    scheduler.add(ada);
    expect(scheduler.size).toBe(2);
    next();
    expect(said).toEqual(['ada', 'ben']);
    next();
    expect([said, scheduler.size, scheduled()]).toEqual([['ada', 'ben', 'ada'], 1, 1]);
  });

  it('lets the others go on after a mistake with one', () => {
    const { scheduler, said, faults, next, scheduled } = setUp();
    const boom = () => {
      throw new Error('boom');
    };
    for (const resume of [() => said.push('ada'), boom, () => said.push('ben')]) scheduler.add({ resume });
    next();
    next();
    expect([said, faults.length, scheduler.size, scheduled()]).toEqual([['ada', 'ben'], 1, 0, 0]);
  });
});
