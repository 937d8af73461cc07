/** The verdict on a remembered token equals the verdict of a verifier without a cache. */

import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { Revoked, withRevoked } from '../session/revoked.ts';
import type { KeyConfig } from './keys.ts';
import { createVerifier, type VerifierConfig } from './token.ts';

const SECONDS = Date.UTC(2030, 0, 1) / 1000;
const SECRET = 'a-secret-for-tests-that-is-long-enough-for-every-hmac-algorithm-there-is';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const KEYS: readonly KeyConfig[] = [
  { secret: SECRET, algorithm: 'HS256' },
  { pem: PEM, algorithm: 'ES256' },
];

const sign = (claims: Record<string, unknown>, alg: 'HS256' | 'ES256' = 'HS256', secret = SECRET) =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(alg === 'HS256' ? Buffer.from(secret) : privateKey);

function setUp(more: Partial<VerifierConfig> = {}) {
  const clock = { now: SECONDS * 1000 };
  const make = (rememberedTokens: number) =>
    createVerifier({ keys: KEYS, clockTolerance: 5_000, rememberedTokens, ...more }, { clock: () => clock.now });
  return { clock, remembering: make(3), fresh: make(0) };
}

/** Resolves when the response of a fetch has been read. */
async function settled(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** Counts the signatures that are verified. */
const countSignatures = () => vi.spyOn(crypto.subtle, 'verify');

describe('a remembered verdict', () => {
  it('equals a fresh one, for any tokens, in any order, at any time', async () => {
    const time = fc.option(fc.integer({ min: SECONDS - 20, max: SECONDS + 20 }), { nil: undefined });
    const kind = fc.record({
      exp: fc.integer({ min: SECONDS - 20, max: SECONDS + 20 }),
      nbf: time,
      iat: time,
      sub: fc.constantFrom('ada', '', 'ben'),
      iss: fc.constantFrom('us', 'them'),
      alg: fc.constantFrom('HS256', 'ES256'),
      secret: fc.constantFrom(SECRET, `${SECRET}!`),
    });
    const use = fc.record({ which: fc.nat(5), seconds: fc.integer({ min: -30, max: 30 }), damage: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 1, maxLength: 6 }),
        fc.array(use, { minLength: 10, maxLength: 40 }),
        async (kinds, uses) => {
          const { clock, remembering, fresh } = setUp({ issuer: 'us' });
          const tokens = await Promise.all(kinds.map(({ alg, secret, ...claims }) => sign(claims, alg, secret)));
          for (const { which, seconds, damage } of uses) {
            const sound = tokens[which % tokens.length] ?? '';
            const token = damage ? sound.replace(/.(?=.$)/, (letter) => (letter === 'A' ? 'B' : 'A')) : sound;
            clock.now = (SECONDS + seconds) * 1000;
            expect(await remembering.verify(token)).toEqual(await fresh.verify(token));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('needs no second verification', async () => {
    const { remembering, fresh } = setUp();
    const token = await sign({ sub: 'ada', exp: SECONDS + 60 }, 'ES256');
    const signatures = countSignatures();
    for (let n = 0; n < 5; n++) await remembering.verify(token);
    expect(signatures).toHaveBeenCalledTimes(1);
    for (let n = 0; n < 5; n++) await fresh.verify(token);
    expect(signatures).toHaveBeenCalledTimes(6);
    signatures.mockRestore();
  });

  it('does not outlive a revocation', async () => {
    const { clock, remembering } = setUp();
    const revoked = new Revoked(() => clock.now);
    const forget = vi.spyOn(remembering, 'forget');
    const verifier = withRevoked(remembering, revoked);
    const token = await sign({ sub: 'ada', exp: SECONDS + 60, jti: 't' });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    revoked.add({ jti: 't', until: clock.now + 60_000 });
    expect(await verifier.verify(token)).toMatchObject({ ok: false, error: 'token_revoked' });
    expect(forget).toHaveBeenCalledWith(token);
  });

  it('does not outlive its key in a JWKS, and keeps the set fresh', async () => {
    const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')] as const;
    const setOf = (at: 0 | 1) => ({
      keys: [{ ...pairs[at].publicKey.export({ format: 'jwk' }), kid: `k${at}`, alg: 'EdDSA' }],
    });
    let served: 0 | 1 = 0;
    let ms = 0;
    const fetched = vi.fn(async () => Response.json(setOf(served)));
    const verifier = createVerifier(
      { keys: [{ jwks: 'https://issuer.test/jwks', algorithms: ['EdDSA'] }], clockTolerance: 0 },
      { clock: () => SECONDS * 1000, monotonic: () => ms, fetch: fetched as never },
    );
    const claims = { sub: 'ada', exp: SECONDS + 3_600 };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'k0' }).sign(pairs[0].privateKey);
    for (let n = 0; n < 3; n++) expect(await verifier.verify(token)).toMatchObject({ ok: true });
    ms += 10 * 60_000;
    // the set is fetched again in the background: it is the same
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    await settled();
    expect(fetched).toHaveBeenCalledTimes(2);
    served = 1;
    ms += 10 * 60_000;
    await verifier.verify(token);
    await settled();
    expect(fetched).toHaveBeenCalledTimes(3);
    expect(await verifier.verify(token)).toMatchObject({ ok: false, error: 'token_key_unknown' });
    verifier.close();
  });
});
