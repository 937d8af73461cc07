import { expect, it } from 'vitest';
import { createApiKeys } from '../auth/secrets.ts';
import type { RequestHead, Sender } from '../transport/http.ts';
import { senderOf } from './credentials.ts';

const SECRET = 'an-API-key-that-only-tests-know';
const apiKeys = createApiKeys([{ name: 'backend', secret: SECRET }]);

const head = (authorization?: string): RequestHead => ({
  method: 'POST',
  path: '/api/v1/publish',
  query: new URLSearchParams(),
  headers: new Map(authorization === undefined ? [] : [['authorization', authorization]]),
  address: '',
  bodyLength: 10,
});

it.each<[string | undefined, Sender | null]>([
  [`Bearer ${SECRET}`, 'known'],
  [`bearer ${SECRET}`, 'known'],
  ['Bearer three.parts.likely', 'claimed'],
  [undefined, null],
  ['', null],
  [`Basic ${SECRET}`, null],
  ['Bearer another-API-key-that-nobody-knows', null],
  ['Bearer two.parts', null],
  ['Bearer more.than.three.parts', null],
])('the sender of "Authorization: %s" is %s', (authorization, expected) => {
  expect(senderOf(head(authorization), apiKeys)).toBe(expected);
});
