import { getEventListeners } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { unlessLost } from './unless-lost.ts';

it('many may wait for the same connection without a warning, and leave no listener', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const lost = new AbortController();
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const waiting = Array.from({ length: 300 }, () => unlessLost(lost.signal, answered));
  await new Promise(setImmediate); // a warning comes later
  answer();
  await Promise.all(waiting);
  expect(warnings).toEqual([]);
  expect(getEventListeners(lost.signal, 'abort')).toEqual([]);
});

it('rejects with the reason of the loss', async () => {
  const lost = new AbortController();
  const waiting = unlessLost(lost.signal, new Promise(() => {}));
  lost.abort(new Error('the server has stopped'));
  await expect(waiting).rejects.toThrow('the server has stopped');
  await expect(unlessLost(lost.signal, new Promise(() => {}))).rejects.toThrow('the server has stopped');
});
