import type { JWK } from 'jose';

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

/** A key that tokens may be signed with. The algorithm is pinned here, never by the token. */
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
