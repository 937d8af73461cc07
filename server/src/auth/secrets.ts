import { createHash, timingSafeEqual } from 'node:crypto';
import { type Identity, parseCapabilities } from './identity.ts';

/** A backend's key for the HTTP API. Without `caps` it may do everything. */
export interface ApiKeyConfig {
  /** Identifies the key in logs. */
  readonly name: string;
  readonly secret: string;
  /** Same format as the claim `caps` of a token. */
  readonly caps?: Readonly<Record<string, readonly string[]>>;
}

/** The identity of an API key. */
export type ApiKeyIdentity = Identity & { readonly name: string };

export interface ApiKeys {
  /** The identity of the key with this secret; `null` if there is none. */
  find(presented: string): ApiKeyIdentity | null;
}

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/** Compares two secrets in a time that reveals neither where they differ nor how long they are. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function toIdentity({ name, caps }: ApiKeyConfig): ApiKeyIdentity {
  const base = { name, user: null, claims: Object.freeze({}) };
  if (caps === undefined) return Object.freeze({ ...base, capabilities: [], trusted: true });
  const capabilities = parseCapabilities(caps);
  if (typeof capabilities === 'string') throw new Error(`API key "${name}": ${capabilities}`);
  return Object.freeze({ ...base, capabilities });
}

/**
 * Builds the lookup of API keys.
 *
 * @throws Error if the `caps` of a key are malformed
 */
export function createApiKeys(configs: readonly ApiKeyConfig[]): ApiKeys {
  const keys = configs.map((config) => ({ digest: digest(config.secret), identity: toIdentity(config) }));
  return {
    find(presented) {
      const candidate = digest(presented);
      let found: ApiKeyIdentity | null = null;
      // No early exit: the time must not reveal which key matched, or whether one did.
      for (const key of keys) {
        if (timingSafeEqual(key.digest, candidate)) found = key.identity;
      }
      return found;
    },
  };
}
