import { createHmac } from 'node:crypto';
import { refuseOthers } from './options.ts';

/** The user of a token, and what it permits. */
export interface MintOptions {
  /** The secret that the gateway's `keys` have too. */
  readonly secret: string;
  /** The user. */
  readonly sub: string;
  /** Lifetime in milliseconds, rounded up to a second. Default: 15 minutes. */
  readonly expiresIn?: number;
  /** What the token permits, in addition to the channel rules: `{ "chat:*": ["subscribe"] }`. */
  readonly caps?: Readonly<Record<string, readonly string[]>>;
  /** Further claims, such as `role`, or `info` for presence. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Default: HS256. */
  readonly algorithm?: 'HS256' | 'HS384' | 'HS512';
  /** The `kid` of the gateway's key. */
  readonly kid?: string;
}

const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;
const LIFETIME = 15 * 60_000;
const OPTIONS = ['secret', 'sub', 'expiresIn', 'caps', 'claims', 'algorithm', 'kid'];

const LONGEST_NAME = 200;
const CONTROL = /\p{Cc}/u;

/** Returns why no gateway accepts this user, the rest of a sentence. SPEC.md section 3.3. */
function userNameFault(user: unknown): string | null {
  if (typeof user !== 'string' || user === '') return 'must be a non-empty string';
  if (user.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`;
  if (!user.isWellFormed()) return 'holds a lone surrogate';
  return CONTROL.test(user) ? 'holds a control character' : null;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Signs a token for a user with a shared secret (RFC 7519). For private keys, use a library like
 * `jose`.
 *
 * @throws TypeError if there is no secret, no user, no valid lifetime, or an option that does not exist
 * @example
 * ```ts
 * import { mintToken } from '@sluice/backend';
 *
 * const token = mintToken({ secret: process.env.SLUICE_SECRET ?? '', sub: 'ada', claims: { role: 'editor' } });
 * ```
 */
export function mintToken(options: MintOptions): string {
  refuseOthers('mintToken', options, OPTIONS);
  const { secret, sub, expiresIn = LIFETIME, caps, claims = {}, algorithm = 'HS256', kid } = options;
  if (secret === '') throw new TypeError('mintToken: "secret" is empty. It is the secret of the gateway\'s "keys"');
  const fault = userNameFault(sub);
  if (fault !== null) throw new TypeError(`mintToken: "sub" ${fault}. It names the user`);
  if (!(Number.isFinite(expiresIn) && expiresIn > 0)) {
    throw new TypeError('mintToken: "expiresIn" must be a number of milliseconds, e.g. 15 * 60_000');
  }
  const iat = Math.floor(Date.now() / 1000);
  const head = encode({ alg: algorithm, typ: 'JWT', ...(kid === undefined ? {} : { kid }) });
  const payload = {
    ...claims,
    ...(caps === undefined ? {} : { caps }),
    sub,
    iat,
    exp: iat + Math.ceil(expiresIn / 1000),
  };
  const content = `${head}.${encode(payload)}`;
  return `${content}.${createHmac(HASHES[algorithm], secret).update(content).digest('base64url')}`;
}
