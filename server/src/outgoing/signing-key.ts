/** Signatures of requests by Standard Webhooks: https://www.standardwebhooks.com */

import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** A key that signs requests: a shared secret (`v1`), or a private Ed25519 key (`v1a`). */
export type SigningKey =
  | { readonly kind: 'hmac'; readonly secret: Buffer }
  | { readonly kind: 'ed25519'; readonly key: KeyObject };

const HMAC_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
/** Bytes of a shared secret. */
const SECRET_BYTES = { min: 24, max: 64 };
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
/** DER of a PKCS #8 private key of Ed25519, up to its 32 bytes. RFC 8410 section 7. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Reads a key: `whsec_` and base64, `whsk_` and base64, or a private Ed25519 key in PEM.
 *
 * @throws Error with what is wrong and what to do; never with the key
 */
export function parseSigningKey(text: string): SigningKey {
  if (text.startsWith(HMAC_PREFIX)) return { kind: 'hmac', secret: readSecret(text.slice(HMAC_PREFIX.length)) };
  if (text.startsWith(PRIVATE_PREFIX)) return { kind: 'ed25519', key: readSeed(text.slice(PRIVATE_PREFIX.length)) };
  if (text.includes('-----BEGIN')) return { kind: 'ed25519', key: readPem(text) };
  throw new Error(
    `the key cannot sign. Write ${HMAC_PREFIX} and base64, ${PRIVATE_PREFIX} and base64, or an Ed25519 key in PEM`,
  );
}

function readSecret(base64: string): Buffer {
  const secret = BASE64.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0);
  if (secret.length >= SECRET_BYTES.min && secret.length <= SECRET_BYTES.max) return secret;
  throw new Error(
    `a shared secret has ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes in base64. Make one with: echo "${HMAC_PREFIX}$(openssl rand -base64 32)"`,
  );
}

/** The seed, or the seed and the public key, as libraries write it. */
function readSeed(base64: string): KeyObject {
  const bytes = BASE64.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0);
  if (bytes.length !== 32 && bytes.length !== 64) {
    throw new Error(
      'a private Ed25519 key has 32 or 64 bytes in base64. Make one with: openssl genpkey -algorithm ed25519',
    );
  }
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, bytes.subarray(0, 32)]), format: 'der', type: 'pkcs8' });
}

function readPem(pem: string): KeyObject {
  const wrong = 'the PEM is not a private Ed25519 key. Make one with: openssl genpkey -algorithm ed25519';
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error(wrong); // the cause may quote the key
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(wrong);
  return key;
}

/** What is signed. */
export interface SignedContent {
  /** Stays the same when the request is repeated. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly body: string;
}

function signatureOf(key: SigningKey, content: Buffer): string {
  return key.kind === 'hmac'
    ? `v1,${createHmac('sha256', key.secret).update(content).digest('base64')}`
    : `v1a,${sign(null, content, key.key).toString('base64')}`;
}

/** The headers of a signed request. Every key signs, so that receivers can replace theirs one after the other. */
export function signedHeaders(keys: readonly SigningKey[], { id, time, body }: SignedContent): Record<string, string> {
  const timestamp = String(Math.floor(time / 1000));
  const content = Buffer.from(`${id}.${timestamp}.${body}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => signatureOf(key, content)).join(' '),
  };
}

/** The public key of a signing key as a JSON Web Key; `null` for a shared secret. RFC 8037. */
export function publicJwk(key: SigningKey): Record<string, unknown> | null {
  if (key.kind === 'hmac') return null;
  const { kty, crv, x } = createPublicKey(key.key).export({ format: 'jwk' });
  return { kty, crv, x, use: 'sig', alg: 'EdDSA' };
}
