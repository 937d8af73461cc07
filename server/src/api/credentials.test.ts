import { expect, it } from 'vitest';
import { createApiKeys } from '../auth/secrets.ts';
import type { RequestHead } from '../transport/http.ts';
import { mayBeKnown } from './credentials.ts';

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

it.each<[string | undefined, boolean]>([
  [`Bearer ${SECRET}`, true],
  [`bearer ${SECRET}`, true],
  ['Bearer three.parts.likely', true],
  [undefined, false],
  ['', false],
  [`Basic ${SECRET}`, false],
  ['Bearer another-API-key-that-nobody-knows', false],
  ['Bearer two.parts', false],
  ['Bearer more.than.three.parts', false],
])('the sender of "Authorization: %s" may be known: %s', (authorization, expected) => {
  expect(mayBeKnown(head(authorization), apiKeys)).toBe(expected);
});
