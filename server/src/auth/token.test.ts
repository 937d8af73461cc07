import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { CompactSign, decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/schema.ts';
import type { Algorithm, AsymmetricAlgorithm, KeyConfig } from './keys.ts';
import { type MintOptions, mintToken } from './mint.ts';
import { createVerifier, type VerifierConfig } from './token.ts';

const NOW = Date.UTC(2030, 0, 1);
const SECONDS = NOW / 1000;
const clock = () => NOW;

const SECRET = 'a-secret-for-tests-that-is-long-enough-for-every-hmac-algorithm-there-is';
const HS256: KeyConfig = { secret: SECRET, algorithm: 'HS256' };

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PAIRS: Record<AsymmetricAlgorithm, { publicKey: KeyObject; privateKey: KeyObject }> = {
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const ASYMMETRIC = Object.keys(PAIRS) as AsymmetricAlgorithm[];

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const secretKey = (secret: string) => Buffer.from(secret, 'utf8');

interface TokenParts {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: KeyObject | Uint8Array;
  readonly alg?: Algorithm;
}

const GOOD = { sub: 'ada', exp: SECONDS + 60 };

function sign({
  claims = GOOD,
  header = {},
  key = secretKey(SECRET),
  alg = 'HS256',
}: TokenParts = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(key);
}

function verify(token: string, config: Partial<VerifierConfig> = {}) {
  return createVerifier({ keys: [HS256], clockTolerance: 5000, ...config }, { clock }).verify(token);
}

describe('algorithms', () => {
  it.each(['HS256', 'HS384', 'HS512'] as const)('accepts %s with a shared secret', async (algorithm) => {
    const token = await mintToken({ secret: SECRET, algorithm, sub: 'ada', expiresIn: 60_000, clock });
    expect(await verify(token, { keys: [{ secret: SECRET, algorithm }] })).toMatchObject({
      ok: true,
      identity: { user: 'ada' },
    });
  });

  it.each(ASYMMETRIC)('accepts %s with a PEM and with a JWK', async (algorithm) => {
    const { publicKey, privateKey } = PAIRS[algorithm];
    const token = await mintToken({ key: privateKey, algorithm, sub: 'ada', expiresIn: 60_000, clock });
    for (const key of [{ pem: pemOf(publicKey) }, { jwk: publicKey.export({ format: 'jwk' }) }]) {
      expect(await verify(token, { keys: [{ ...key, algorithm } as KeyConfig] })).toMatchObject({ ok: true });
    }
  });

  it('accepts an HMAC key as a JWK', async () => {
    const jwk = { kty: 'oct', k: secretKey(SECRET).toString('base64url') };
    expect(await verify(await sign(), { keys: [{ jwk, algorithm: 'HS256' }] })).toMatchObject({ ok: true });
  });

  it.each(ASYMMETRIC)('refuses the signature of another %s key', async (algorithm) => {
    const other =
      algorithm === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : algorithm.startsWith('ES')
          ? generateKeyPairSync('ec', { namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-384' })
          : generateKeyPairSync('rsa', { modulusLength: 2048 });
    const token = await sign({ key: other.privateKey, alg: algorithm });
    const keys: KeyConfig[] = [{ pem: pemOf(PAIRS[algorithm].publicKey), algorithm }];
    expect(await verify(token, { keys })).toMatchObject({ ok: false, error: 'token_signature' });
  });

  it('refuses "none"', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE']) {
      expect(await verify(`${part({ alg })}.${part(GOOD)}.`)).toMatchObject({ ok: false, error: 'token_algorithm' });
    }
  });

  it('refuses an algorithm that is not configured, even if the key supports it', async () => {
    expect(await verify(await sign({ alg: 'HS512' }))).toMatchObject({ ok: false, error: 'token_algorithm' });
    const keys: KeyConfig[] = [{ pem: pemOf(RSA.publicKey), algorithm: 'RS256' }];
    const token = await sign({ key: RSA.privateKey, alg: 'PS256' });
    expect(await verify(token, { keys })).toMatchObject({ ok: false, error: 'token_algorithm' });
  });

  it('never uses a public key as an HMAC secret', async () => {
    const pem = pemOf(RSA.publicKey);
    const keys: KeyConfig[] = [{ pem, algorithm: 'RS256' }];
    for (const text of [pem, pem.trim()]) {
      const forged = await sign({ key: secretKey(text) });
      expect(await verify(forged, { keys })).toMatchObject({ ok: false, error: 'token_algorithm' });
      expect(await verify(forged, { keys: [...keys, HS256] })).toMatchObject({ ok: false, error: 'token_signature' });
    }
    expect(() => createVerifier({ keys: [{ secret: pem, algorithm: 'HS256' }], clockTolerance: 0 })).toThrow(
      'is a PEM',
    );
  });
});

describe('keys that cannot be used', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  it.each<[string, KeyConfig, string]>([
    ['a short secret', { secret: 'x'.repeat(31), algorithm: 'HS256' }, 'has 31 bytes, HS256 needs at least 32'],
    ['a secret short for its algorithm', { secret: 'x'.repeat(63), algorithm: 'HS512' }, 'HS512 needs at least 64'],
    ['text that is not PEM', { pem: 'hello', algorithm: 'RS256' }, 'the PEM cannot be read'],
    [
      'a key of another kind',
      { pem: pemOf(PAIRS.EdDSA.publicKey), algorithm: 'RS256' },
      'RS256 needs an RSA key, this is ed25519',
    ],
    [
      'another curve',
      { pem: pemOf(PAIRS.ES384.publicKey), algorithm: 'ES256' },
      'ES256 needs an EC key on the curve P-256',
    ],
    ['a small RSA key', { pem: pemOf(small.publicKey), algorithm: 'RS256' }, 'has 1024 bits, at least 2048'],
    [
      'a public JWK for HMAC',
      { jwk: RSA.publicKey.export({ format: 'jwk' }), algorithm: 'HS256' },
      'needs a JWK of kty "oct"',
    ],
    [
      'a secret JWK for RSA',
      { jwk: { kty: 'oct', k: 'eHh4' }, algorithm: 'RS256' },
      'not a public key that RS256 can use',
    ],
    ['a JWK for another algorithm', { jwk: { kty: 'RSA', alg: 'PS256' }, algorithm: 'RS256' }, 'the JWK is for PS256'],
    ['a JWK for encryption', { jwk: { kty: 'RSA', use: 'enc' }, algorithm: 'RS256' }, 'the JWK is for "enc"'],
  ])('refuses %s at once', (_, key, message) => {
    expect(() => createVerifier({ keys: [key], clockTolerance: 0 })).toThrow(message);
  });
});

describe('several keys', () => {
  const OLD: KeyConfig = { secret: `old-${SECRET}`, algorithm: 'HS256' };

  it('accepts tokens of every key, so that keys can be rotated', async () => {
    const keys = [OLD, HS256];
    expect(await verify(await sign(), { keys })).toMatchObject({ ok: true });
    expect(await verify(await sign({ key: secretKey(`old-${SECRET}`) }), { keys })).toMatchObject({ ok: true });
    expect(await verify(await sign({ key: randomBytes(64) }), { keys })).toMatchObject({ error: 'token_signature' });
  });

  it('chooses the key that the token names', async () => {
    const keys: KeyConfig[] = [
      { ...OLD, kid: 'old' },
      { ...HS256, kid: 'new' },
    ];
    expect(await verify(await sign({ header: { kid: 'new' } }), { keys })).toMatchObject({ ok: true });
    expect(await verify(await sign({ header: { kid: 'old' } }), { keys })).toMatchObject({ error: 'token_signature' });
    expect(await verify(await sign(), { keys })).toMatchObject({ ok: true });
  });

  it('reports the unknown key that a token names', async () => {
    const keys: KeyConfig[] = [{ ...HS256, kid: 'new' }];
    const result = await verify(await sign({ header: { kid: 'other' } }), { keys });
    expect(result).toEqual({
      ok: false,
      error: 'token_key_unknown',
      message: 'The gateway has no key with the kid "other".',
    });
  });

  it('tries the keys without kid for a token with a kid', async () => {
    expect(await verify(await sign({ header: { kid: 'whatever' } }))).toMatchObject({ ok: true });
  });
});

describe('claims', () => {
  it.each<[string, Record<string, unknown>, string, string]>([
    ['expired', { exp: SECONDS - 5 }, 'token_expired', 'The token expired at 2029-12-31T23:59:55.000Z.'],
    ['without exp', { exp: undefined }, 'token_claims', '"exp" is missing'],
    ['with exp as a text', { exp: '1' }, 'token_claims', '"exp" must be seconds'],
    ['with exp in milliseconds', { exp: NOW + 60_000 }, 'token_claims', '"exp" looks like milliseconds'],
    ['with iat in milliseconds', { ...GOOD, iat: NOW }, 'token_claims', '"iat" looks like milliseconds'],
    ['with nbf in milliseconds', { ...GOOD, nbf: NOW }, 'token_claims', '"nbf" looks like milliseconds'],
    ['with exp in microseconds', { exp: NOW * 1000 }, 'token_claims', '"exp" must be seconds'],
    ['with exp below zero', { exp: -1 }, 'token_claims', '"exp" must be seconds'],
    ['with exp beyond the year 5138', { exp: 1e11 }, 'token_claims', 'divide by 1000'],
    ['with exp out of range', { exp: 1e300 }, 'token_claims', '"exp" must be seconds'],
    ['not active yet', { nbf: SECONDS + 6 }, 'token_not_active', 'not valid before 2030-01-01T00:00:06.000Z ("nbf")'],
    ['issued in the future', { iat: SECONDS + 6 }, 'token_not_active', '("iat")'],
    ['with nbf as a text', { nbf: 'x' }, 'token_claims', '"nbf" must be seconds'],
    ['without sub', { sub: undefined }, 'token_claims', '"sub" is missing'],
    ['with an empty sub', { sub: '' }, 'token_claims', '"sub" must be a non-empty string'],
    ['with sub as a number', { sub: 7 }, 'token_claims', '"sub" must be a non-empty string'],
    ['with a long sub', { sub: 'x'.repeat(201) }, 'token_claims', 'longer than 200'],
    ...['\0', 'a\n', '\u001b[31m', 'a\u007f', '\u0085', '\u009b'].map(
      (sub): [string, Record<string, unknown>, string, string] => [
        `with ${JSON.stringify(sub)} as sub`,
        { sub },
        'token_claims',
        'control character',
      ],
    ),
    ['with half a character in sub', { sub: 'a\ud800' }, 'token_claims', 'lone surrogate'],
    ['with jti as a number', { jti: 7 }, 'token_claims', '"jti" must be a string'],
    ['with malformed caps', { caps: { a: ['write'] } }, 'token_claims', 'caps["a"]: "write" is not a verb'],
  ])('refuses a token %s', async (_, claims, error, message) => {
    const payload = Buffer.from(JSON.stringify({ ...GOOD, ...claims }));
    const token = await new CompactSign(payload).setProtectedHeader({ alg: 'HS256' }).sign(secretKey(SECRET));
    const result = await verify(token);
    expect(result).toMatchObject({ ok: false, error, message: expect.stringContaining(message) });
  });

  it.each<[string, Record<string, unknown>]>([
    ['expired for less', { exp: SECONDS - 4 }],
    ['active within it', { nbf: SECONDS + 5, iat: SECONDS + 5 }],
  ])('tolerates clock skew: %s', async (_, claims) => {
    expect(await verify(await sign({ claims: { ...GOOD, ...claims } }))).toMatchObject({ ok: true });
  });

  const parties = { issuer: ['https://a', 'https://b'], audience: 'gateway' };
  it.each<[string, Record<string, unknown>, string | null]>([
    ['the right ones', { iss: 'https://b', aud: 'gateway' }, null],
    ['one of several audiences', { iss: 'https://a', aud: ['x', 'gateway'] }, null],
    ['a wrong issuer', { iss: 'https://c', aud: 'gateway' }, '"iss" is not an issuer'],
    ['no issuer', { aud: 'gateway' }, '"iss" is missing'],
    ['a wrong audience', { iss: 'https://a', aud: ['x'] }, '"aud" does not name this gateway'],
    ['no audience', { iss: 'https://a' }, '"aud" is missing'],
  ])('checks issuer and audience if configured: %s', async (_, claims, problem) => {
    const result = await verify(await sign({ claims: { ...GOOD, ...claims } }), parties);
    if (problem === null) expect(result).toMatchObject({ ok: true });
    else expect(result).toMatchObject({ error: 'token_claims', message: expect.stringContaining(problem) });
  });

  it('become the identity', async () => {
    const claims = { ...GOOD, iat: SECONDS, jti: 't1', role: 'admin', caps: { 'chat:*': ['publish'] } };
    const result = await verify(await sign({ claims }));
    expect(result).toMatchObject({
      ok: true,
      identity: { user: 'ada', claims, expiresAt: NOW + 60_000, issuedAt: NOW, tokenId: 't1' },
    });
    expect(result.ok && result.identity.capabilities).toHaveLength(1);
  });
});

describe('malformed tokens', () => {
  it.each([
    ['nothing', ''],
    ['a single word', 'hello'],
    ['two parts', 'a.b'],
    ['three empty parts', '..'],
    ['an encrypted token', 'a.b.c.d.e'],
    ['a header that is not JSON', `${Buffer.from('{').toString('base64url')}.e30.x`],
    ['a header without alg', `${Buffer.from('{}').toString('base64url')}.e30.x`],
    ['a kid that is not a string', `${Buffer.from('{"alg":"HS256","kid":1}').toString('base64url')}.e30.x`],
  ])('refuses %s', async (_, token) => {
    expect(await verify(token)).toMatchObject({ ok: false, error: 'token_malformed' });
  });

  it('accepts a user of 200 characters', async () => {
    const sub = 'x'.repeat(200);
    expect(await verify(await sign({ claims: { ...GOOD, sub } }))).toMatchObject({ ok: true, identity: { user: sub } });
  });

  const signers: [Algorithm, KeyObject | Uint8Array, KeyConfig][] = [
    ['HS256', secretKey(SECRET), HS256],
    ['EdDSA', PAIRS.EdDSA.privateKey, { pem: pemOf(PAIRS.EdDSA.publicKey), algorithm: 'EdDSA' }],
  ];
  it.each(signers)(
    'refuses a valid token (%s) of more than 16,384 characters, and accepts one of that length',
    async (alg, key, config) => {
      const lengths = new Map<number, string>();
      // The header's length decides which lengths a token can have.
      for (const kid of ['', 'x', 'xx']) {
        for (let length = 12_100; length < 12_240; length++) {
          const token = await sign({ claims: { ...GOOD, about: 'x'.repeat(length) }, header: { kid }, key, alg });
          if (token.length >= 16_382 && token.length < 16_388) lengths.set(token.length, token);
        }
      }
      for (const [length, token] of lengths) {
        expect(await verify(token, { keys: [config] })).toMatchObject(
          length <= 16_384 ? { ok: true } : { ok: false, error: 'token_malformed' },
        );
      }
      expect([...lengths.keys()]).toEqual(expect.arrayContaining([16_384, 16_385]));
    },
  );

  it.each(['[]', '"ada"', 'null', '{'])('refuses a signed payload %s', async (payload) => {
    const token = await new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secretKey(SECRET));
    expect(await verify(token)).toMatchObject({ ok: false, error: 'token_malformed' });
  });

  it('refuses an unknown extension', async () => {
    const head = Buffer.from(JSON.stringify({ alg: 'HS256', crit: ['x'], x: 1 })).toString('base64url');
    expect(await verify(`${head}.e30.AAAA`)).toMatchObject({ ok: false, error: 'token_malformed' });
  });

  it('refuses a token if any part was changed', async () => {
    const parts = (await sign()).split('.');
    const payload = Buffer.from(JSON.stringify({ ...GOOD, sub: 'eve' })).toString('base64url');
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', x: 1 })).toString('base64url');
    for (const [at, part] of [header, payload, Buffer.alloc(32).toString('base64url')].entries()) {
      const forged = parts.with(at, part).join('.');
      expect(await verify(forged)).toMatchObject({ ok: false, error: 'token_signature' });
    }
  });

  it('never repeats the token in its message', async () => {
    const expired = await sign({ claims: { ...GOOD, exp: 1 } });
    const foreign = await sign({ key: randomBytes(64) });
    for (const token of [expired, foreign, 'not-a-token']) {
      const result = await verify(token);
      for (const part of token.split('.')) expect(result).not.toMatchObject({ message: expect.stringContaining(part) });
    }
  });
});

describe('the lifetime of a token', () => {
  const DAY = 86_400;
  const until = (exp: number) => sign({ claims: { ...GOOD, exp } });

  it('is limited by maxTokenLife, with the tolerance for clocks', async () => {
    const config = { maxTokenLife: DAY * 1000 };
    expect(await verify(await until(SECONDS + DAY), config)).toMatchObject({ ok: true });
    expect(await verify(await until(SECONDS + DAY + 5), config)).toMatchObject({ ok: true });
    expect(await verify(await until(SECONDS + DAY + 6), config)).toMatchObject({
      ok: false,
      error: 'token_claims',
      message: expect.stringContaining('at most 86400 seconds ("maxTokenLife")'),
    });
  });

  it('may be ten years by default', async () => {
    const { maxTokenLife } = parseConfig({ keys: [{ secret: SECRET }] });
    for (const days of [30, 365, 3_653]) {
      expect(await verify(await until(SECONDS + days * DAY), { maxTokenLife }), `${days} days`).toMatchObject({
        ok: true,
      });
    }
    expect(await verify(await until(SECONDS + 20 * 365 * DAY), { maxTokenLife })).toMatchObject({ ok: false });
  });
});

describe('mintToken', () => {
  it('signs with HS256 for 15 minutes by default', async () => {
    const token = await mintToken({ secret: SECRET, sub: 'ada' });
    const { iat = 0, exp = 0 } = decodeJwt(token);
    expect([decodeProtectedHeader(token).alg, exp - iat]).toEqual(['HS256', 15 * 60]);
  });

  it.each<[string, object, string]>([
    ['no secret', { secret: '', sub: 'ada' }, '"secret" is empty'],
    ['no user', { secret: SECRET, sub: '' }, '"sub" must be a non-empty string'],
    ['a user that is no text', { secret: SECRET, sub: 7 }, '"sub" must be a non-empty string'],
    ['a user with a control character', { secret: SECRET, sub: 'a\u0007' }, '"sub" holds a control character'],
    ['a user with half a character', { secret: SECRET, sub: 'a\ud800' }, '"sub" holds a lone surrogate'],
    ['a user with a long name', { secret: SECRET, sub: 'a'.repeat(201) }, '"sub" is longer than 200 characters'],
    ['neither secret nor key', { sub: 'ada' }, 'needs a secret or a key'],
    ['a private key without an algorithm', { key: {}, sub: 'ada' }, '"algorithm" is required with a private key'],
  ])('refuses %s', (_, options, message) => {
    expect(() => mintToken(options as MintOptions)).toThrow(message);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, null, '15m'])('refuses expiresIn: %s', (expiresIn) => {
    const options = { secret: SECRET, algorithm: 'HS256', sub: 'ada', expiresIn } as MintOptions;
    expect(() => mintToken(options)).toThrow('expiresIn must be a number of milliseconds');
  });
});
