import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseSigningKey, publicJwk, signedHeaders } from './signing-key.ts';

const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');
const pemOf = ({ privateKey }: { readonly privateKey: KeyObject }): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ed25519 = pemOf(generateKeyPairSync('ed25519'));
const otherPem = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));

describe('a key that signs requests', () => {
  it.each([
    ['a secret of 24 bytes', `whsec_${base64(24)}`, 'hmac'],
    ['a secret of 64 bytes', `whsec_${base64(64)}`, 'hmac'],
    ['a seed', `whsk_${base64(32)}`, 'ed25519'],
    ['a PEM', ed25519, 'ed25519'],
  ])('is %s', (_, text, kind) => {
    expect(parseSigningKey(text).kind).toBe(kind);
  });

  it.each([
    ['a secret of 23 bytes', `whsec_${base64(23)}`, /has 24 to 64 bytes/],
    ['a secret of 65 bytes', `whsec_${base64(65)}`, /has 24 to 64 bytes/],
    ['a secret that is not base64', 'whsec_*****', /has 24 to 64 bytes/],
    ['a seed of 31 bytes', `whsk_${base64(31)}`, /has 32 or 64 bytes/],
    ['a PEM of another algorithm', otherPem, /is not a private Ed25519 key/],
    ['a damaged PEM', '-----BEGIN PRIVATE KEY-----', /is not a private Ed25519 key/],
    ['a plain text', 'secret', /cannot sign/],
  ])('is not %s; the error does not quote it', (_, text, problem) => {
    expect(() => parseSigningKey(text)).toThrow(problem);
    expect(() => parseSigningKey(text)).not.toThrow(text);
  });

  it('signs the id, the time and the body', () => {
    const keys = [parseSigningKey(`whsec_${base64(24)}`)];
    const content = { id: 'msg_1', time: 1_700_000_000_000, body: '{}' };
    const signatures = [content, { ...content, id: 'msg_2' }, { ...content, time: 0 }, { ...content, body: '[]' }].map(
      (each) => signedHeaders(keys, each)['webhook-signature'],
    );
    expect(new Set(signatures).size).toBe(4);
  });

  it('has a public half only if it is no shared secret', () => {
    expect(publicJwk(parseSigningKey(`whsec_${base64(24)}`))).toBeNull();
    const jwk = publicJwk(parseSigningKey(ed25519));
    expect(jwk).toEqual({ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), use: 'sig', alg: 'EdDSA' });
  });
});
