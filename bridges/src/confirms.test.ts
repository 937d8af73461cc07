import { expect, it } from 'vitest';
import { Confirms } from './confirms.ts';

const refused = (reason: string) => new Error(reason);

it.each([
  [[undefined, undefined, undefined], 'confirmed'],
  [[undefined, refused('too large'), undefined], 'too large'],
  [[refused('too large'), refused('no queue'), undefined], 'too large'],
])('a batch with the answers %j is %s', async (answers, expected) => {
  const confirms = new Confirms(answers.length);
  const outcome = confirms.all.then(
    () => 'confirmed',
    ({ message }: Error) => message,
  );
  for (const [at, answer] of answers.entries()) confirms.add(at, answer);
  expect(await outcome).toBe(expected);
});

it('a refusal is reported once the broker has answered for every record', async () => {
  const confirms = new Confirms(2);
  let isOver = false;
  const outcome = confirms.all.catch(() => {
    isOver = true;
  });
  confirms.add(0, refused('too large'));
  await Promise.resolve();
  expect(isOver).toBe(false);
  confirms.add(1);
  await outcome;
  expect(isOver).toBe(true);
});

it('each record that is confirmed is reported', () => {
  const confirmed: number[] = [];
  const confirms = new Confirms(3, (at) => confirmed.push(at));
  confirms.add(2);
  confirms.add(0, refused('too large'));
  confirms.add(1);
  expect(confirmed).toEqual([2, 1]);
});
