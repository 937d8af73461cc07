import { expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { Question } from './question.ts';

function ask(addresses: readonly string[]) {
  const clock = new ManualClock();
  return { clock, question: new Question(addresses, { clock, time: 2_000 }) };
}

const answer = (node: string) => ({ node, answer: {} });

it('a question ends with the last answer, and leaves no timer', async () => {
  const { clock, question } = ask(['a', 'b', 'c']);
  question.answered('a', answer('one'));
  question.answered('a', answer('one'));
  question.lose('a');
  question.answered('x', answer('nobody asked'));
  question.lose('b');
  question.answered('b', answer('too late'));
  question.answered('c', answer('three'));
  expect(await question.outcome).toEqual({ answers: [answer('one'), answer('three')], missing: ['b'] });
  expect(clock.running).toBe(0);
});

it('a question ends after its time, and names who did not answer', async () => {
  const { clock, question } = ask(['a', 'b']);
  question.answered('a', answer('one'));
  clock.advance(2_000);
  expect(await question.outcome).toEqual({ answers: [answer('one')], missing: ['b'] });
});
