import { Buffer } from 'node:buffer';
import type { InboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { deadLetterOf } from './dead-letter.ts';
import type { SourceRecord } from './source.ts';

const options = { reason: 'the body is not JSON', config: { name: 'in' } as InboundBridge, channel: 'dead' };

const record = (once: SourceRecord['once'], body = 'x', topic = 'orders'): SourceRecord => ({
  once,
  topic,
  subject: topic,
  key: undefined,
  headers: {},
  body: Buffer.from(body),
});

const idOf = (of: SourceRecord) => {
  const { once } = deadLetterOf(of, options);
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
  const { draft, once } = deadLetterOf(of, options);
  expect(draft.data).toMatchObject({ partition: 'orders', position: '1700000000000-3' });
  expect(once).toEqual({ id: 'dead orders orders 17000000000000000000000000000003' });
});

it('a dead letter is small, however large its record was', () => {
  const headers = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`h${at}`, 'x'.repeat(1_000)]));
  const large = { ...record({ id: 'a' }), headers, body: Buffer.alloc(40_000, 1) };
  const { draft } = deadLetterOf(large, { ...options, reason: 'y'.repeat(1_000) });
  const data = draft.data as { headers: Record<string, string>; body: string; size: number };
  expect(Buffer.from(data.body, 'base64')).toHaveLength(32_768);
  expect([data.size, Object.keys(data.headers).length, data.headers.h0?.length]).toEqual([40_000, 50, 512]);
  expect(draft.tags?.['x-reason']).toHaveLength(256);
});
