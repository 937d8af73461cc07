import { expect, it } from 'vitest';
import { expiryOf, identityOf } from './identity.ts';

function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2ln`;
}

const ADA = { sub: 'ada', caps: { 'chat:*': ['publish'], 'user:ada': ['*'] } };

it.each([
  [
    'other times and another id',
    token({ ...ADA, iat: 1, nbf: 2, exp: 3, jti: 'x' }),
    token({ ...ADA, iat: 4, exp: 5 }),
  ],
  ['the claims in another order', token({ sub: 'ada', caps: ADA.caps }), token({ caps: ADA.caps, sub: 'ada' })],
  ['no token, twice', undefined, undefined],
  ['letters of any script', token({ sub: 'Ада ÿ?>' }), token({ sub: 'Ада ÿ?>', jti: '1' })],
])('%s is the same identity', (_, one, other) => {
  expect(identityOf(one)).toBe(identityOf(other));
});

it.each([
  ['another user', token(ADA), token({ ...ADA, sub: 'bob' })],
  ['other permissions', token(ADA), token({ ...ADA, caps: { 'chat:*': ['subscribe'] } })],
  ['permissions in another order', token({ ...ADA, roles: ['a', 'b'] }), token({ ...ADA, roles: ['b', 'a'] })],
  ['a number that reads like a text', token({ sub: 1 }), token({ sub: '1' })],
  [
    'an inner claim that is called like a passing one',
    token({ sub: 'a', info: { exp: 1 } }),
    token({ sub: 'a', info: { exp: 2 } }),
  ],
  ['no token, and one that says nothing', undefined, token({})],
  ['two that cannot be read', 'opaque-1', 'opaque-2'],
  ['one that cannot be read, and one whose claims look like it', 'anonymous', undefined],
])('%s is another identity', (_, one, other) => {
  expect(identityOf(one)).not.toBe(identityOf(other));
});

it('reads when a token expires', () => {
  expect([token({ exp: 12 }), token({}), 'opaque', undefined].map(expiryOf)).toEqual([
    12_000,
    undefined,
    undefined,
    undefined,
  ]);
});
