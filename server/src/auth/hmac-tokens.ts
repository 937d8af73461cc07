/**
 * Recognizes valid tokens of the gateway's own secrets, within the call. `jose` verifies in another
 * thread, and waking that thread for each of many connects takes ten times as long as the HMAC.
 */

import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { LIMITS } from '@sluice/protocol';
import { decodeProtectedHeader, type JWTPayload } from 'jose';
import { isHmac, type VerificationKey } from './keys.ts';
import { readPayload } from './payload.ts';

/** An HMAC key of the configuration. */
interface HmacKey {
  readonly key: KeyObject;
  /** Hash algorithm, as OpenSSL names it. */
  readonly hash: string;
  readonly algorithm: string;
  readonly kid: string | undefined;
}

/** Maximum number of different headers that are remembered. An issuer uses one for each key. */
const MOST_HEADERS = 100;
/** Maximum characters of an encoded header that is remembered. */
const LONGEST_HEADER = 500;

/** Fields of a header that do not change what the signature means. */
const SIMPLE: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);
const BASE64URL = /^[\w-]+$/;

/**
 * Accepts only tokens about which there is no question: a header without extensions, and a
 * signature in its canonical encoding by a key of the configuration that the header may choose.
 * About every other token, `jose` decides whether it is valid, and why not.
 */
export class HmacTokens {
  readonly #keys: readonly HmacKey[];
  /** The keys that may have signed a token, by its encoded header. */
  readonly #byHeader = new Map<string, readonly HmacKey[]>();

  constructor(keys: readonly VerificationKey[]) {
    this.#keys = keys.flatMap(({ key, algorithm, kid }) =>
      isHmac(algorithm) ? [{ key, algorithm, kid, hash: `sha${algorithm.slice(2)}` }] : [],
    );
  }

  /** The claims of a token that is certainly valid; undefined: verify it. */
  recognize(token: string): JWTPayload | undefined {
    if (this.#keys.length === 0 || token.length > LIMITS.tokenLength) return undefined;
    const headerEnd = token.indexOf('.');
    const end = token.lastIndexOf('.');
    const payload = token.slice(headerEnd + 1, Math.max(end, 0));
    if (!BASE64URL.test(payload) || payload.length % 4 === 1) return undefined;
    const keys = this.#keysOf(token.slice(0, headerEnd));
    if (!keys.some((key) => isSignedBy(key, token, end))) return undefined;
    return readPayload(Buffer.from(payload, 'base64url')) ?? undefined;
  }

  #keysOf(header: string): readonly HmacKey[] {
    const known = this.#byHeader.get(header);
    if (known !== undefined) return known;
    const keys = this.#candidates(header);
    if (header.length > LONGEST_HEADER) return keys;
    if (this.#byHeader.size >= MOST_HEADERS) this.#byHeader.clear();
    this.#byHeader.set(header, keys);
    return keys;
  }

  #candidates(encoded: string): readonly HmacKey[] {
    const header = readSimpleHeader(encoded);
    if (header === null) return [];
    const fitting = this.#keys.filter(({ algorithm }) => algorithm === header.alg);
    if (header.kid === undefined) return fitting;
    const named = fitting.filter(({ kid }) => kid === header.kid);
    return named.length > 0 ? named : fitting.filter(({ kid }) => kid === undefined);
  }
}

const isKid = (kid: unknown): kid is string | undefined => kid === undefined || typeof kid === 'string';

function readSimpleHeader(encoded: string): { readonly alg: unknown; readonly kid: string | undefined } | null {
  try {
    const header = decodeProtectedHeader({ protected: encoded });
    const isSimple = Object.keys(header).every((name) => SIMPLE.has(name));
    return isSimple && isKid(header.kid) ? { alg: header.alg, kid: header.kid } : null;
  } catch {
    return null;
  }
}

/** Compares the encoded signatures, so that only the canonical encoding is equal. */
function isSignedBy({ hash, key }: HmacKey, token: string, end: number): boolean {
  const expected = createHmac(hash, key).update(token.slice(0, end)).digest('base64url');
  const given = token.slice(end + 1);
  return given.length === expected.length && BASE64URL.test(given) && isEqual(given, expected);
}

/** Takes the same time wherever they differ. Both are ASCII, of the same length. */
const isEqual = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
