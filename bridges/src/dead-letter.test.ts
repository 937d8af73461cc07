import { Buffer } from 'node:buffer';
import { checkDraft } from '@sluice/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DeadLetter } from './dead-letter.ts';
import type { SourceRecord } from './source.ts';

const options = { reason: 'the body is not JSON', config: { name: 'in' }, channel: 'dead' };

const record = (once: SourceRecord['once'], body = 'x', topic = 'orders'): SourceRecord => ({
  once,
  topic,
  subject: topic,
  key: undefined,
  headers: {},
  body: Buffer.from(body),
});

const idOf = (of: SourceRecord) => {
  const { once } = new DeadLetter(of, options).message;
  return 'id' in once ? once.id : undefined;
};

const LONG = 'the same beginning '.repeat(10);

it.each<[string, SourceRecord, SourceRecord]>([
  ['two ids', record({ id: 'a' }), record({ id: 'b' })],
  ['two positions', record({ partition: 'p', position: '1' }), record({ partition: 'p', position: '2' })],
  ['two partitions', record({ partition: 'p', position: '1' }), record({ partition: 'q', position: '1' })],
  ['no id, and bodies that begin alike', record({ id: null }, `${LONG}1`), record({ id: null }, `${LONG}2`)],
  ['no id, and the same body', record({ id: null }), record({ id: null })],
])('the dead letters of records with %s do not replace each other', (_, one, other) => {
  expect(idOf(one)).not.toBe(idOf(other));
});

it.each<[string, SourceRecord['once']]>([
  ['id', { id: 'a' }],
  ['position', { partition: 'p', position: '1' }],
])('the dead letter of a record that is delivered again with its %s is the same', (_, once) => {
  const id = idOf(record(once));
  expect(id).toBeTypeOf('string');
  expect(idOf(record(once))).toBe(id);
});

it('a dead letter has its position as the broker writes it', () => {
  const of = {
    ...record({ partition: 'orders', position: '17000000000000000000000000000003' }),
    place: '1700000000000-3',
  };
  const { draft, once } = new DeadLetter(of, options).message;
  expect(draft.data).toMatchObject({ partition: 'orders', position: '1700000000000-3' });
  expect(once).toEqual({ id: 'dead orders orders 17000000000000000000000000000003' });
});

it('a dead letter is small, however large its record was', () => {
  const headers = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`h${at}`, 'x'.repeat(1_000)]));
  const large = { ...record({ id: 'a' }), headers, body: Buffer.alloc(40_000, 1) };
  const { draft } = new DeadLetter(large, { ...options, reason: 'y'.repeat(1_000) }).message;
  const data = draft.data as { headers: Record<string, string>; body: string; size: number };
  expect(Buffer.from(data.body, 'base64')).toHaveLength(32_768);
  expect([data.size, Object.keys(data.headers).length, data.headers.h0?.length]).toEqual([40_000, 50, 512]);
  expect(draft.tags?.['x-reason']).toHaveLength(256);
});

it('a dead letter that shrinks keeps its id, and says how large the body was', () => {
  const letter = new DeadLetter(record({ id: 'a' }, 'x'.repeat(5_000)), options);
  const { once, draft } = letter.message;
  expect(letter.shrink()).toBe(true);
  expect(letter.message.once).toEqual(once);
  const [before, after] = [draft, letter.message.draft].map(({ data }) => data as { body: string; size?: number });
  expect([before?.size, after?.size]).toEqual([undefined, 5_000]);
  expect(Buffer.from(after?.body ?? '', 'base64')).toHaveLength(4_096);
});

/** Any text of JavaScript, also with halves of characters. */
const unit = fc.oneof(fc.integer({ min: 0, max: 0xff_ff }), fc.integer({ min: 0xd8_00, max: 0xdf_ff }));
const text = fc
  .tuple(fc.array(unit, { maxLength: 20 }), fc.constantFrom(1, 35))
  .map(([codes, times]) => String.fromCharCode(...codes).repeat(times));
const name = fc.oneof(text, fc.constant('__proto__'));
const once = fc.oneof(
  fc.record({ id: fc.option(text) }),
  fc.record({ partition: text, position: fc.bigInt({ min: 0n, max: 2n ** 128n }).map(String) }),
);
const records: fc.Arbitrary<SourceRecord> = fc.record({
  ...{ once, topic: text, subject: text, key: fc.option(text, { nil: undefined }) },
  headers: fc.array(fc.tuple(name, text), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  body: fc.uint8Array({ maxLength: 5_000 }),
});

it('any record has dead letters that a channel accepts, the last of which has at most 4 KiB', () => {
  fc.assert(
    fc.property(records, text, (of, reason) => {
      const letter = new DeadLetter(of, { ...options, reason });
      do {
        const { draft, once } = letter.message;
        expect([checkDraft(draft), 'id' in once && once.id.isWellFormed()]).toEqual([null, true]);
      } while (letter.shrink());
      expect(Buffer.byteLength(JSON.stringify(letter.message.draft.data))).toBeLessThanOrEqual(4_096);
    }),
    { numRuns: 200 },
  );
});
