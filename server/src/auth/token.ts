import type { Identity } from './identity.ts';
import type { KeyConfig } from './keys.ts';

/** Why a token was refused. Names of the catalogue, `protocol/src/codes.ts`. */
export type TokenError =
  | 'token_expired'
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
export interface VerifierConfig {
  readonly keys: readonly KeyConfig[];
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  /** Milliseconds. */
  readonly clockTolerance: number;
}

export interface VerifierOptions {
  /** Milliseconds since the Unix epoch. */
  readonly clock?: () => number;
  readonly fetch?: typeof globalThis.fetch;
}

export interface Verifier {
  verify(token: string): Promise<Verification>;
  /** Stops what runs in the background. */
  close(): void;
}

export declare function createVerifier(config: VerifierConfig, options?: VerifierOptions): Verifier;
