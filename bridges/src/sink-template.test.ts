import { expect, it } from 'vitest';
import type { SinkRecord } from './sink.ts';
import { fillFor } from './sink-template.ts';

const record: SinkRecord = {
  ...{ id: 'a/e/1', channel: 'a:b', source: 'a:c', epoch: 'e', offset: 1, event: undefined, tags: { region: 'eu' } },
  ...{ headers: {}, contentType: 'application/json', body: Buffer.from('1') },
};

it.each([
  ['audit', record, 'audit'],
  ['x.{channel}.{event}', record, 'x.a:b.message'],
  ['{source}', record, 'a:c'],
  ['{source}', { ...record, source: undefined }, 'a:b'],
  ['{event}', { ...record, event: 'created' }, 'created'],
  ['{tag:region}-{tag:absent}', record, 'eu-none'],
  ['{tag:region}.{event}', { ...record, event: 'sluice.gap', route: { event: 'a', tags: { region: 'us' } } }, 'us.a'],
  ['{tag:region}.{event}', { ...record, event: 'x', route: { event: undefined, tags: {} } }, 'none.message'],
])('"%s" is filled in', (template, from, expected) => {
  expect(fillFor(template, from)).toBe(expected);
});
