import { describe, expect, it } from 'vitest';
import { Turn } from '../util/turn.ts';
import { Rounds } from './rounds.ts';

function setUp() {
  const turns: (() => void)[] = [];
  const turn = new Turn((end) => turns.push(end));
  const faults: unknown[] = [];
  turn.onFault = (error) => faults.push(error);
  const rounds = new Rounds(turn);
  turn.atEnd(() => rounds.next());
  const said: string[] = [];
  return { rounds, faults, said, next: () => turns.shift()?.(), scheduled: () => turns.length };
}

describe('Rounds', () => {
  it('lets everybody who is behind go on once in each turn', () => {
    const { rounds, said, next, scheduled } = setUp();
    const ada = { resume: () => said.push('ada') && rounds.add(ada) };
    rounds.add(ada);
    rounds.add({ resume: () => said.push('ben') });
    rounds.add(ada);
    expect(rounds.size).toBe(2);
    next();
    expect(said).toEqual(['ada', 'ben']);
    next();
    expect([said, rounds.size, scheduled()]).toEqual([['ada', 'ben', 'ada'], 1, 1]);
  });

  it('lets the others go on after a mistake with one', () => {
    const { rounds, said, faults, next, scheduled } = setUp();
    const boom = () => {
      throw new Error('boom');
    };
    for (const resume of [() => said.push('ada'), boom, () => said.push('ben')]) rounds.add({ resume });
    next();
    next();
    expect([said, faults.length, rounds.size, scheduled()]).toEqual([['ada', 'ben'], 1, 0, 0]);
  });
});
