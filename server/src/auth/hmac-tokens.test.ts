/** What is recognized at once is what `jose` accepts. */

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { compactVerify } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { HmacTokens } from './hmac-tokens.ts';
import { importKey, type SecretKey } from './keys.ts';
import { createVerifier } from './token.ts';

const secretOf = (name: string) => `${name}-secret-that-is-long-enough-for-every-hmac-algorithm-there-is`;
const KEYS: readonly SecretKey[] = [
  { secret: secretOf('first'), algorithm: 'HS256' },
  { secret: secretOf('second'), algorithm: 'HS256', kid: 'k' },
  { secret: secretOf('third'), algorithm: 'HS384' },
];
const CLAIMS = { sub: 'ada', exp: 4_000_000_000, name: 'Zoë' };

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(header: { alg: string } & Record<string, unknown>, secret: string, payload = encode(CLAIMS)): string {
  const input = `${encode(header)}.${payload}`;
  const hash = header.alg === 'HS384' ? 'sha384' : header.alg === 'HS512' ? 'sha512' : 'sha256';
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

const recognize = (token: string) => new HmacTokens(KEYS.map(importKey)).recognize(token);

/** Does any configured key verify it, by its own algorithm? */
async function isValid(token: string): Promise<boolean> {
  const checks = KEYS.map(({ secret, algorithm }) =>
    compactVerify(token, Buffer.from(secret), { algorithms: [algorithm] }),
  );
  return (await Promise.allSettled(checks)).some(({ status }) => status === 'fulfilled');
}

describe('a token that is recognized', () => {
  it('is one that jose accepts, with the same claims, whatever was changed', async () => {
    const simple = fc.record(
      { alg: fc.constantFrom('HS256', 'HS384'), kid: fc.constant('k') },
      { requiredKeys: ['alg'] },
    );
    const other = fc.record(
      {
        alg: fc.constantFrom('HS256', 'HS384', 'HS512', 'none'),
        kid: fc.constantFrom('k', 'other', 7, null),
        typ: fc.constantFrom('JWT', 'at+jwt'),
        crit: fc.constantFrom(['b64'], ['exp']),
        b64: fc.boolean(),
        cty: fc.constant('JWT'),
      },
      { requiredKeys: ['alg'] },
    );
    const header = fc.oneof(simple, other);
    const payload = fc.oneof(
      { weight: 3, arbitrary: fc.constant(encode(CLAIMS)) },
      fc.constantFrom(encode([]), encode('text'), `${encode(CLAIMS)}=`, '', 'é', Buffer.of(0xff).toString('base64url')),
    );
    const change = fc.oneof(
      { weight: 2, arbitrary: fc.constant(null) },
      fc.record({ at: fc.nat(), put: fc.constantFrom('', 'A', 'B', '.', '=', '+', ' ', 'Ł') }),
    );
    const secret = fc.constantFrom(...KEYS.map((key) => key.secret), secretOf('unknown'));
    let recognized = 0;
    await fc.assert(
      fc.asyncProperty(header, secret, payload, change, async (fields, by, body, changed) => {
        const sound = sign(fields, by, body);
        const at = changed === null ? 0 : changed.at % sound.length;
        const token = changed === null ? sound : `${sound.slice(0, at)}${changed.put}${sound.slice(at + 1)}`;
        const claims = recognize(token);
        if (claims === undefined) return;
        recognized++;
        expect(await isValid(token)).toBe(true);
        expect(claims).toEqual(CLAIMS);
      }),
      { numRuns: 1_000 },
    );
    expect(recognized).toBeGreaterThan(10);
  });

  it.each<[string, { alg: string; kid?: string; typ?: string }, string]>([
    ['a key without a kid', { alg: 'HS256', typ: 'JWT' }, 'first'],
    ['any key of the algorithm, without a kid', { alg: 'HS256' }, 'second'],
    ['the key that it names', { alg: 'HS256', kid: 'k' }, 'second'],
    ['a key without a kid, if no key has its kid', { alg: 'HS256', kid: 'other' }, 'first'],
    ['a key of another hash', { alg: 'HS384' }, 'third'],
  ])('is signed by %s', (_, header, name) => {
    expect(recognize(sign(header, secretOf(name)))).toEqual(CLAIMS);
  });

  it.each<[string, string]>([
    ['a key that it does not name', sign({ alg: 'HS256', kid: 'k' }, secretOf('first'))],
    ['a key of another algorithm', sign({ alg: 'HS384' }, secretOf('first'))],
    ['an unknown key', sign({ alg: 'HS256' }, secretOf('unknown'))],
    ['a key, with an extension', sign({ alg: 'HS256', crit: ['exp'] }, secretOf('first'))],
    ['a key, but is too long', sign({ alg: 'HS256' }, secretOf('first'), encode({ ...CLAIMS, x: 'x'.repeat(20_000) }))],
    ['nobody', `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`],
  ])('is not signed by %s', (_, token) => {
    expect(recognize(token)).toBeUndefined();
  });

  it('has its signature in the canonical encoding', () => {
    const tokens = Array.from({ length: 50 }, (_, n) => sign({ alg: 'HS256' }, secretOf('first'), encode({ n })));
    const [input = '', signature = ''] =
      tokens.map((token) => token.split(/\.(?=[^.]*$)/)).find(([, end]) => end?.includes('A')) ?? [];
    expect(recognize(`${input}.${signature}`)).toBeDefined();
    // U+0141 has the code of "A" in its low byte
    for (const other of ['\u0141', 'A=', ' A']) {
      expect(recognize(`${input}.${signature.replace('A', other)}`)).toBeUndefined();
    }
  });

  it('is verified within the call, without another thread', () => {
    const signatures = vi.spyOn(crypto.subtle, 'verify');
    const verifier = createVerifier({ keys: KEYS, clockTolerance: 0 });
    expect(verifier.verify(sign({ alg: 'HS256' }, secretOf('first')))).toMatchObject({ ok: true });
    expect(verifier.verify(sign({ alg: 'HS256' }, secretOf('unknown')))).toBeInstanceOf(Promise);
    expect(signatures).not.toHaveBeenCalled();
    signatures.mockRestore();
  });

  it('is found by any of very many headers', () => {
    const tokens = new HmacTokens(KEYS.map(importKey));
    for (let at = 0; at < 1_000; at++) {
      expect(tokens.recognize(sign({ alg: 'HS256', kid: `k${at}` }, secretOf('first')))).toEqual(CLAIMS);
    }
  });
});
