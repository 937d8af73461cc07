import { expect, it } from 'vitest';
import { inParts, partsOf } from './parts.ts';
import type { SinkRecord } from './sink.ts';

const record = (size: number, tags: Record<string, string> = {}): SinkRecord => ({
  ...{ id: 'c/e/1', channel: 'c', epoch: 'e', offset: 1, event: undefined, tags, headers: {} },
  ...{ contentType: 'application/json', body: Buffer.alloc(size) },
});

const lengthsOf = (records: readonly SinkRecord[]) =>
  partsOf(records, { most: 3, largest: 50_000 }).map(({ length }) => length);

/** As many tags as there may be, of full length. */
const full = Object.fromEntries(
  Array.from({ length: 16 }, (_, at) => [`${at % 10}${at}${'漢'.repeat(62)}`, '漢'.repeat(256)]),
);

it.each([
  ['small records', Array.from({ length: 7 }, () => record(10)), [3, 3, 1]],
  ['two that fit exactly', [record(22_952), record(22_952)], [2]],
  ['large bodies', [record(20_000), record(20_000), record(20_000)], [2, 1]],
  ['a body that is too large for any part', [record(10), record(60_000), record(10)], [1, 1, 1]],
  ['many tags', [record(10, full), record(10, full), record(10, full), record(10, full)], [2, 2]],
  ['nothing', [], []],
])('%s: how many are in each part?', (_, records, lengths) => {
  expect(lengthsOf(records)).toEqual(lengths);
});

it('what was sent in parts is confirmed part by part, or record by record', async () => {
  const records = Array.from({ length: 5 }, () => record(10));
  const confirmed: number[] = [];
  const limits = { most: 2, largest: 50_000 };
  let parts = 0;
  const sending = inParts(records, { limits, confirmed: (at) => confirmed.push(at) }, async (_, done) => {
    if (++parts < 3) return;
    done(0);
    throw new Error('lost');
  });
  await expect(sending).rejects.toThrow('lost');
  expect(confirmed).toEqual([0, 1, 2, 3, 4]);
});
