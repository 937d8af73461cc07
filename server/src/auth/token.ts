/**
 * From a token to an identity. The configuration of a key pins its algorithm; the token chooses
 * nothing.
 */

import { LIMITS } from '@sluice/protocol';
import {
  type CryptoKey,
  compactVerify,
  decodeProtectedHeader,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';
import type { NowOrLater } from '../util/now-or-later.ts';
import { type ClaimRules, readClaims } from './claims.ts';
import { HmacTokens } from './hmac-tokens.ts';
import type { Identity } from './identity.ts';
import { Jwks, type JwksOptions } from './jwks.ts';
import { importKey, type KeyConfig, toCryptoKey, type VerificationKey } from './keys.ts';
import { readPayload } from './payload.ts';
import { RecentTokens, type Signed } from './recent-tokens.ts';

/** Why a token was refused: names of the catalogue, `protocol/src/codes.ts`. */
export type TokenError =
  | 'token_expired'
  | 'token_revoked'
  | 'token_not_active'
  | 'token_malformed'
  | 'token_algorithm'
  | 'token_key_unknown'
  | 'token_signature'
  | 'token_claims'
  | 'keys_unavailable';

/** The result of a verification: an identity, or the reason for the refusal. */
export type Verification =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly error: TokenError; readonly message: string };

/** The part of the configuration that verification needs. */
export interface VerifierConfig extends ClaimRules {
  readonly keys: readonly KeyConfig[];
  /** Maximum number of tokens of RSA and EC keys whose valid signature is remembered. 0: none. Default: 10,000. */
  readonly rememberedTokens?: number;
}

export interface VerifierOptions {
  /** Milliseconds since the Unix epoch. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Monotonic milliseconds. Default: `performance.now`. */
  readonly monotonic?: () => number;
  readonly fetch?: typeof globalThis.fetch;
}

export interface Verifier {
  /**
   * Returns at once if no other thread and no request is needed. Never throws or rejects: a refusal
   * is a value.
   */
  verify(token: string): NowOrLater<Verification>;
  /** Forgets a remembered token that was revoked. */
  forget?(token: string): void;
  /** Stops background work. */
  close(): void;
}

type Header = JWTHeaderParameters;
type Refusal = Extract<Verification, { ok: false }>;

/** A key of the configuration, prepared for `jose`. */
interface LocalKey extends Pick<VerificationKey, 'algorithm' | 'kid'> {
  readonly key: Promise<CryptoKey>;
}

const REMEMBERED = 10_000;
/** The keys of the configuration do not change while the gateway runs. */
const ALWAYS = (): boolean => true;

interface RemoteKeys {
  readonly algorithms: readonly string[];
  readonly jwks: Jwks;
}

const refuse = (error: TokenError, message: string): Refusal => ({ ok: false, error, message });

const quote = (text: string): string => JSON.stringify(text.slice(0, 64));

const MALFORMED = refuse('token_malformed', 'The token is not a signed JWT: three base64url parts joined by dots.');

function readHeader(token: string): Header | null {
  if (token.length > LIMITS.tokenLength || token.split('.').length !== 3) return null;
  try {
    const header = decodeProtectedHeader(token);
    if (typeof header.alg !== 'string') return null;
    return header.kid === undefined || typeof header.kid === 'string' ? (header as Header) : null;
  } catch {
    return null;
  }
}

/** The configured keys that may have signed a token with this header. */
function candidates(keys: readonly LocalKey[], { alg, kid }: Header): { exact: boolean; keys: Promise<CryptoKey>[] } {
  const fitting = keys.filter((key) => key.algorithm === alg);
  const named = kid === undefined ? [] : fitting.filter((key) => key.kid === kid);
  if (named.length > 0) return { exact: true, keys: named.map(({ key }) => key) };
  const rest = kid === undefined ? fitting : fitting.filter((key) => key.kid === undefined);
  return { exact: false, keys: rest.map(({ key }) => key) };
}

class TokenVerifier implements Verifier {
  readonly #rules: ClaimRules;
  readonly #clock: () => number;
  readonly #keys: readonly LocalKey[];
  readonly #hmac: HmacTokens;
  readonly #recent: RecentTokens;
  readonly #remotes: readonly RemoteKeys[];

  constructor(config: VerifierConfig, options: JwksOptions & { readonly clock: () => number }) {
    this.#rules = config;
    this.#clock = options.clock;
    const keys = config.keys.flatMap((key) => ('jwks' in key ? [] : [importKey(key)]));
    this.#keys = keys.map(localKey);
    this.#hmac = new HmacTokens(keys);
    this.#recent = new RecentTokens(config.rememberedTokens ?? REMEMBERED);
    this.#remotes = config.keys.flatMap((key) =>
      'jwks' in key ? [{ algorithms: key.algorithms, jwks: new Jwks(key.jwks, options) }] : [],
    );
  }

  verify(token: string): NowOrLater<Verification> {
    const claims = this.#hmac.recognize(token);
    return claims === undefined ? this.#verifyLater(token) : this.#checkClaims(claims);
  }

  async #verifyLater(token: string): Promise<Verification> {
    const known = this.#recent.find(token);
    if (known !== undefined) return this.#checkKnown(token, known);
    const header = readHeader(token);
    if (header === null) return MALFORMED;
    const remotes = this.#remotes.filter(({ algorithms }) => algorithms.includes(header.alg));
    if (remotes.length === 0 && !this.#keys.some(({ algorithm }) => algorithm === header.alg)) {
      return refuse('token_algorithm', `No configured key accepts the algorithm ${quote(header.alg)}.`);
    }
    const signed = await this.#checkSignature(token, header, remotes);
    if ('ok' in signed) return signed;
    const verification = this.#checkClaims(signed.claims);
    if (verification.ok) this.#recent.add(token, signed);
    return verification;
  }

  #checkKnown(token: string, { claims }: Signed): Verification {
    const verification = this.#checkClaims(claims);
    if (!verification.ok) this.#recent.forget(token);
    return verification;
  }

  forget(token: string): void {
    this.#recent.forget(token);
  }

  close(): void {
    for (const { jwks } of this.#remotes) jwks.close();
  }

  async #checkSignature(token: string, header: Header, remotes: readonly RemoteKeys[]): Promise<Signed | Refusal> {
    const local = candidates(this.#keys, header);
    let tried = local.keys.length > 0;
    const signed = await firstThatSigned(token, header, local.keys);
    if (signed !== null) return 'ok' in signed ? signed : { ...signed, isCurrent: ALWAYS };
    let unavailable = false;
    for (const { jwks } of local.exact ? [] : remotes) {
      const found = await jwks.lookup(header);
      if (found.kind === 'unavailable') unavailable = true;
      if (found.kind !== 'keys') continue;
      tried = true;
      const signed = await firstThatSigned(token, header, found.keys);
      const { version } = found;
      if (signed !== null) return 'ok' in signed ? signed : { ...signed, isCurrent: () => jwks.isCurrent(version) };
    }
    if (unavailable) return refuse('keys_unavailable', 'The keys that verify this token cannot be fetched now.');
    if (tried) return refuse('token_signature', 'The signature does not match any key that the token may use.');
    return unknownKey(header);
  }

  #checkClaims(claims: JWTPayload): Verification {
    const read = readClaims(claims, this.#rules, this.#clock());
    return 'error' in read ? { ok: false, ...read } : { ok: true, identity: read };
  }
}

function localKey(verification: VerificationKey): LocalKey {
  const key = toCryptoKey(verification);
  key.catch(() => {}); // reported to the caller of `verify`
  return { ...verification, key };
}

function unknownKey({ kid, alg }: Header): Refusal {
  const what = kid === undefined ? `for the algorithm ${quote(alg)}` : `with the kid ${quote(kid)}`;
  return refuse('token_key_unknown', `The gateway has no key ${what}.`);
}

/** `null` if no key signed it; a refusal if the token itself is malformed, regardless of keys. */
async function firstThatSigned(
  token: string,
  { alg }: Header,
  keys: readonly (CryptoKey | Promise<CryptoKey>)[],
): Promise<{ claims: JWTPayload } | Refusal | null> {
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(token, await key, { algorithms: [alg] });
      const claims = readPayload(payload);
      return claims === null ? refuse('token_malformed', "The token's payload is not a JSON object.") : { claims };
    } catch (error) {
      if (error instanceof errors.JWSInvalid) return MALFORMED;
      if (error instanceof errors.JOSENotSupported) {
        return refuse('token_malformed', 'The token uses an extension (crit) that the gateway does not know.');
      }
      // The signature is wrong, or a key of a JWKS cannot be used: another key may match.
    }
  }
  return null;
}

/**
 * Makes the verifier for a configuration.
 *
 * @throws Error if a key cannot be read or does not fit its algorithm
 */
export function createVerifier(config: VerifierConfig, options: VerifierOptions = {}): Verifier {
  const { clock = Date.now, monotonic = () => performance.now(), fetch = globalThis.fetch } = options;
  return new TokenVerifier(config, { clock, monotonic, fetch });
}
