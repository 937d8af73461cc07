import { createSecretKey } from 'node:crypto';
import { userNameFault } from '@sluice/protocol';
import { type CryptoKey, type JWK, type KeyObject, SignJWT } from 'jose';
import { parseCapabilities } from './identity.ts';
import type { Algorithm } from './keys.ts';

/** The content and the signature of a token. */
export interface MintOptions {
  /** Shared secret, for HS256, HS384, HS512. */
  readonly secret?: string;
  /** Private key, for the other algorithms. */
  readonly key?: KeyObject | CryptoKey | JWK;
  /** Default with `secret`: HS256. */
  readonly algorithm?: Algorithm;
  readonly kid?: string;
  /** The user. */
  readonly sub: string;
  readonly caps?: Readonly<Record<string, readonly string[]>>;
  /** Further claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Lifetime of the token in milliseconds (other libraries use seconds), rounded up to a second. Default: 15 minutes. */
  readonly expiresIn?: number;
  /** Milliseconds since the Unix epoch. Default: `Date.now`. */
  readonly clock?: () => number;
}

/** Default lifetime, in milliseconds. */
const LIFETIME = 15 * 60_000;

/**
 * Signs a token for a user.
 *
 * @throws TypeError if `expiresIn` is not a finite number, the user has a name that no gateway accepts, the secret is empty, or a private key has no algorithm
 * @throws Error if the capabilities are malformed, or if neither `secret` nor `key` is given
 * @example
 * ```ts
 * import { mintToken } from '@sluice/server';
 *
 * const token = await mintToken({
 *   secret: process.env.SLUICE_SECRET ?? '',
 *   sub: 'ada',
 *   caps: { 'chat:*': ['subscribe', 'publish'] },
 *   expiresIn: 60 * 60_000, // an hour
 * });
 * ```
 */
export function mintToken(options: MintOptions): Promise<string> {
  const { secret, key, kid, sub, caps, claims = {}, expiresIn = LIFETIME, clock = Date.now } = options;
  const { algorithm = secret === undefined ? undefined : 'HS256' } = options;
  if (secret === '') throw new TypeError('mintToken: "secret" is empty. It is the secret of the gateway\'s "keys"');
  const fault = userNameFault(sub);
  if (fault !== null) throw new TypeError(`mintToken: "sub" ${fault}. It names the user`);
  if (!Number.isFinite(expiresIn)) {
    throw new TypeError('mintToken: expiresIn must be a number of milliseconds, e.g. 15 * 60_000');
  }
  const problem = parseCapabilities(caps);
  if (typeof problem === 'string') throw new Error(problem);
  const signer = secret === undefined ? key : createSecretKey(Buffer.from(secret, 'utf8'));
  if (signer === undefined) throw new Error('mintToken needs a secret or a key');
  if (algorithm === undefined)
    throw new TypeError('mintToken: "algorithm" is required with a private key, e.g. "ES256"');
  const now = Math.floor(clock() / 1000);
  return new SignJWT({ ...claims, ...(caps === undefined ? {} : { caps }) })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .setSubject(sub)
    .setIssuedAt(now)
    .setExpirationTime(now + Math.ceil(expiresIn / 1000))
    .sign(signer);
}
