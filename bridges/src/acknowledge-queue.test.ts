import { expect, it } from 'vitest';
import { AcknowledgeQueue } from './acknowledge-queue.ts';
import type { OpenSource, SourceRecord } from './source.ts';

const open: OpenSource = { read: async () => [], acknowledge: async () => {}, close: async () => {} };

it('a batch that cannot be acknowledged ends the wait for the next one', async () => {
  const queue = new AcknowledgeQueue(
    { ...open, acknowledge: () => Promise.reject(new Error('lost')) },
    { most: 10, onDone: () => {} },
  );
  const reading = expect(queue.orFail(new Promise(() => {}))).rejects.toThrow('lost');
  await queue.add([{ topic: 't' } as SourceRecord]);
  await reading;
});

it('what is added while the broker is asked is acknowledged together, and too much has to wait', async () => {
  let done = 0;
  const calls: { readonly topics: string[]; readonly confirm: () => void }[] = [];
  const acknowledge = (records: readonly SourceRecord[]) =>
    new Promise<void>((confirm) => calls.push({ topics: records.map(({ topic }) => topic), confirm }));
  const queue = new AcknowledgeQueue({ ...open, acknowledge }, { most: 3, onDone: () => void done++ });
  const add = (...topics: string[]) => queue.add(topics.map((topic) => ({ topic }) as SourceRecord));
  await add('1');
  await add('2');
  let isFull = true;
  const waiting = add('3', '4').then(() => {
    isFull = false;
  });
  await new Promise(setImmediate);
  expect(isFull).toBe(true);
  calls[0]?.confirm();
  await waiting;
  calls[1]?.confirm();
  await queue.done();
  expect(done).toBe(2);
  expect(calls.map(({ topics }) => topics)).toEqual([['1'], ['2', '3', '4']]);
});
