/** From a token to an identity. semantics: the configuration of a key pins its algorithm; the token chooses nothing. */

import type { KeyObject } from 'node:crypto';
import { LIMITS } from '@sluice/protocol';
import {
  type CryptoKey,
  compactVerify,
  decodeProtectedHeader,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';
import { type ClaimRules, readClaims } from './claims.ts';
import type { Identity } from './identity.ts';
import { Jwks, type JwksOptions } from './jwks.ts';
import { importKey, type KeyConfig, type VerificationKey } from './keys.ts';

/** Why a token was refused. Names of the catalogue, `protocol/src/codes.ts`. */
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

/** What came of a token: an identity, or the reason why not. */
export type Verification =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly error: TokenError; readonly message: string };

/** The part of the configuration that verification needs. */
export interface VerifierConfig extends ClaimRules {
  readonly keys: readonly KeyConfig[];
}

export interface VerifierOptions {
  /** Milliseconds since the Unix epoch. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Milliseconds, by a clock that nobody sets. Default: `performance.now`. */
  readonly monotonic?: () => number;
  readonly fetch?: typeof globalThis.fetch;
}

export interface Verifier {
  /** Never rejects: a refusal is a value. */
  verify(token: string): Promise<Verification>;
  /** Stops what runs in the background. */
  close(): void;
}

type Header = JWTHeaderParameters;
type Refusal = Extract<Verification, { ok: false }>;
type Material = KeyObject | CryptoKey;

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

function readPayload(bytes: Uint8Array): JWTPayload | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JWTPayload) : null;
  } catch {
    return null;
  }
}

/** The keys of the configuration that a token with this header may be signed with. */
function candidates(keys: readonly VerificationKey[], { alg, kid }: Header): { exact: boolean; keys: Material[] } {
  const fitting = keys.filter((key) => key.algorithm === alg);
  const named = kid === undefined ? [] : fitting.filter((key) => key.kid === kid);
  if (named.length > 0) return { exact: true, keys: named.map(({ key }) => key) };
  const rest = kid === undefined ? fitting : fitting.filter((key) => key.kid === undefined);
  return { exact: false, keys: rest.map(({ key }) => key) };
}

class TokenVerifier implements Verifier {
  readonly #rules: ClaimRules;
  readonly #clock: () => number;
  readonly #keys: readonly VerificationKey[];
  readonly #remotes: readonly RemoteKeys[];

  constructor(config: VerifierConfig, options: JwksOptions & { readonly clock: () => number }) {
    this.#rules = config;
    this.#clock = options.clock;
    this.#keys = config.keys.flatMap((key) => ('jwks' in key ? [] : [importKey(key)]));
    this.#remotes = config.keys.flatMap((key) =>
      'jwks' in key ? [{ algorithms: key.algorithms, jwks: new Jwks(key.jwks, options) }] : [],
    );
  }

  async verify(token: string): Promise<Verification> {
    const header = readHeader(token);
    if (header === null) return MALFORMED;
    const remotes = this.#remotes.filter(({ algorithms }) => algorithms.includes(header.alg));
    if (remotes.length === 0 && !this.#keys.some(({ algorithm }) => algorithm === header.alg)) {
      return refuse('token_algorithm', `No configured key accepts the algorithm ${quote(header.alg)}.`);
    }
    const payload = await this.#checkSignature(token, header, remotes);
    return 'ok' in payload ? payload : this.#checkClaims(payload.claims);
  }

  close(): void {
    for (const { jwks } of this.#remotes) jwks.close();
  }

  async #checkSignature(
    token: string,
    header: Header,
    remotes: readonly RemoteKeys[],
  ): Promise<{ claims: JWTPayload } | Refusal> {
    const local = candidates(this.#keys, header);
    let tried = local.keys.length > 0;
    const signed = await firstThatSigned(token, header, local.keys);
    if (signed !== null) return signed;
    let unavailable = false;
    for (const { jwks } of local.exact ? [] : remotes) {
      const found = await jwks.lookup(header);
      if (found.kind === 'unavailable') unavailable = true;
      if (found.kind !== 'keys') continue;
      tried = true;
      const signed = await firstThatSigned(token, header, found.keys);
      if (signed !== null) return signed;
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

function unknownKey({ kid, alg }: Header): Refusal {
  const what = kid === undefined ? `for the algorithm ${quote(alg)}` : `with the kid ${quote(kid)}`;
  return refuse('token_key_unknown', `The gateway has no key ${what}.`);
}

/** `null` when no key signed it; a refusal when the token itself is broken, whichever key signed it. */
async function firstThatSigned(
  token: string,
  { alg }: Header,
  keys: readonly Material[],
): Promise<{ claims: JWTPayload } | Refusal | null> {
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [alg] });
      const claims = readPayload(payload);
      return claims === null ? refuse('token_malformed', "The token's payload is not a JSON object.") : { claims };
    } catch (error) {
      if (error instanceof errors.JWSInvalid) return MALFORMED;
      if (error instanceof errors.JOSENotSupported) {
        return refuse('token_malformed', 'The token uses an extension (crit) that the gateway does not know.');
      }
      // A wrong signature, or a key of a JWKS that cannot be used: another key may fit.
    }
  }
  return null;
}

/**
 * Makes the verifier of a configuration.
 *
 * @throws Error when a key cannot be read or does not fit its algorithm
 */
export function createVerifier(config: VerifierConfig, options: VerifierOptions = {}): Verifier {
  const { clock = Date.now, monotonic = () => performance.now(), fetch = globalThis.fetch } = options;
  return new TokenVerifier(config, { clock, monotonic, fetch });
}
