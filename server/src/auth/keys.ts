/** Keys that verify tokens: their configuration and key material. */

import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { type CryptoKey, importJWK, type JWK } from 'jose';

export const HMAC_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export type HmacAlgorithm = (typeof HMAC_ALGORITHMS)[number];

export const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
] as const;
export type AsymmetricAlgorithm = (typeof ASYMMETRIC_ALGORITHMS)[number];

export type Algorithm = HmacAlgorithm | AsymmetricAlgorithm;

/** A key that may sign tokens. The algorithm is pinned here, never by the token. */
export type KeyConfig = SecretKey | PemKey | JwkKey | JwksKey;

export interface SecretKey {
  readonly secret: string;
  readonly algorithm: HmacAlgorithm;
  readonly kid?: string;
}

export interface PemKey {
  /** A public key (SPKI) or a certificate (X.509), in PEM. */
  readonly pem: string;
  readonly algorithm: AsymmetricAlgorithm;
  readonly kid?: string;
}

export interface JwkKey {
  readonly jwk: JWK;
  readonly algorithm: Algorithm;
  readonly kid?: string;
}

export interface JwksKey {
  /** URL of a JSON Web Key Set. */
  readonly jwks: string;
  readonly algorithms: readonly AsymmetricAlgorithm[];
}

/** Key material with the one algorithm that it may verify. */
export interface VerificationKey {
  readonly key: KeyObject;
  readonly algorithm: Algorithm;
  readonly kid?: string;
}

/**
 * Imports a key for `jose`. For other material, `jose` would repeat the import for each token,
 * which takes longer than the verification.
 *
 * @returns a key that can only verify, and only with this algorithm
 */
export function toCryptoKey({ key, algorithm }: VerificationKey): Promise<CryptoKey> {
  if (!isHmac(algorithm)) return importJWK(key.export({ format: 'jwk' }) as JWK, algorithm) as Promise<CryptoKey>;
  const hash = `SHA-${algorithm.slice(2)}`;
  return crypto.subtle.importKey('raw', key.export(), { name: 'HMAC', hash }, false, ['verify']);
}

/** RFC 7518 section 3.2: a key of the size of the hash or larger must be used. */
const SECRET_BYTES: Readonly<Record<HmacAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };
/** RFC 7518 sections 3.3 and 3.5. */
const RSA_BITS = 2048;

export const isHmac = (algorithm: Algorithm): algorithm is HmacAlgorithm =>
  (HMAC_ALGORITHMS as readonly string[]).includes(algorithm);

function importSecret(secret: Buffer, algorithm: HmacAlgorithm): KeyObject {
  const needed = SECRET_BYTES[algorithm];
  if (secret.length < needed) {
    throw new Error(`the secret has ${secret.length} bytes, ${algorithm} needs at least ${needed}`);
  }
  return createSecretKey(secret);
}

const isEc = (key: KeyObject, curve: string) =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve;

const isRsa = (key: KeyObject) => key.asymmetricKeyType === 'rsa';

const FITS: Readonly<Record<string, { needs: string; test: (key: KeyObject) => boolean }>> = {
  RS: { needs: 'an RSA key', test: isRsa },
  PS: { needs: 'an RSA key', test: isRsa },
  ES256: { needs: 'an EC key on the curve P-256', test: (key) => isEc(key, 'prime256v1') },
  ES384: { needs: 'an EC key on the curve P-384', test: (key) => isEc(key, 'secp384r1') },
  EdDSA: { needs: 'an Ed25519 key', test: (key) => key.asymmetricKeyType === 'ed25519' },
};

function checkFit(key: KeyObject, algorithm: AsymmetricAlgorithm): KeyObject {
  const fit = FITS[algorithm] ?? FITS[algorithm.slice(0, 2)];
  if (fit?.test(key) !== true) throw new Error(`${algorithm} needs ${fit?.needs}, this is ${key.asymmetricKeyType}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? RSA_BITS;
  if (bits < RSA_BITS) throw new Error(`the RSA key has ${bits} bits, at least ${RSA_BITS} are needed`);
  return key;
}

function importPem(pem: string, algorithm: AsymmetricAlgorithm): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new Error('the PEM cannot be read; it must hold a public key (BEGIN PUBLIC KEY) or a certificate');
  }
  return checkFit(key, algorithm);
}

function importJwk(jwk: JWK, algorithm: Algorithm): KeyObject {
  if (jwk.alg !== undefined && jwk.alg !== algorithm) throw new Error(`the JWK is for ${jwk.alg}, not ${algorithm}`);
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new Error(`the JWK is for "${jwk.use}", not for signatures`);
  if (isHmac(algorithm)) {
    if (jwk.kty !== 'oct' || typeof jwk.k !== 'string') throw new Error(`${algorithm} needs a JWK of kty "oct" with k`);
    return importSecret(Buffer.from(jwk.k, 'base64url'), algorithm);
  }
  let key: KeyObject;
  try {
    key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    throw new Error(`the JWK is not a public key that ${algorithm} can use`);
  }
  return checkFit(key, algorithm);
}

/**
 * Makes key material from the configuration of a key.
 *
 * @throws Error if the key cannot be read, is too short, or does not fit its algorithm. The message
 *   never contains the key.
 */
export function importKey(config: SecretKey | PemKey | JwkKey): VerificationKey {
  const { algorithm, kid } = config;
  return { key: importMaterial(config), algorithm, ...(kid === undefined ? {} : { kid }) };
}

function importMaterial(config: SecretKey | PemKey | JwkKey): KeyObject {
  if ('jwk' in config) return importJwk(config.jwk, config.algorithm);
  if ('pem' in config) return importPem(config.pem, config.algorithm);
  // A public key is known to everyone: as an HMAC secret it would let everyone sign.
  if (config.secret.includes('-----BEGIN ')) throw new Error('the secret is a PEM; write it as "pem"');
  return importSecret(Buffer.from(config.secret, 'utf8'), config.algorithm);
}
