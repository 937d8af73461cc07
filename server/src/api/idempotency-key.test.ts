import { LIMITS } from '@sluice/protocol';
import { expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import type { RequestHead } from '../transport/http.ts';
import { readIdempotencyKey, withKey } from './idempotency-key.ts';

const MOST = LIMITS.keyLength - '/999'.length;
const read = (header: string | undefined) => {
  const headers = new Map(header === undefined ? [] : [['idempotency-key', header]]);
  const key = readIdempotencyKey({ headers } as unknown as RequestHead);
  return key instanceof Refusal ? 'refused' : key;
};

it.each([
  ['no header', undefined, undefined],
  ['a text', 'order-7', 'order-7'],
  ['a string of structured fields', '"order 7"', 'order 7'],
  ['the longest one', 'x'.repeat(MOST), 'x'.repeat(MOST)],
  ['one that leaves no room for the place of a message', 'x'.repeat(MOST + 1), 'refused'],
  ['an empty one', '', 'refused'],
  ['an empty string', '""', 'refused'],
  ['two words', 'order 7', 'refused'],
  ['another script', 'é', 'refused'],
  ['a quote in a string', '"a"b"', 'refused'],
])('reads the key of a request: %s', (_, header, key) => {
  expect(read(header)).toBe(key);
});

it('a message keeps a key of its own', () => {
  const message = (draft: object) => ({ channel: 'chat:a', draft }) as never;
  expect(withKey(message({ data: 1 }), 'k')).toEqual({ channel: 'chat:a', draft: { data: 1, key: 'k' } });
  expect(withKey(message({ data: 1, key: 'own' }), 'k')).toEqual(message({ data: 1, key: 'own' }));
  expect(withKey(message({ data: 1 }), undefined)).toEqual(message({ data: 1 }));
});
