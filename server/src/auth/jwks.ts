/**
 * The keys of a JWKS URL: cached, fetched again when they may have changed, kept while the URL is
 * down.
 */

import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWTHeaderParameters } from 'jose';

/** Milliseconds for which a set is fresh. Afterwards it is fetched again in the background. */
const FRESH_MS = 10 * 60_000;
/** Minimum milliseconds between two fetches, for any reason and with any result. */
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;

/** The result of the search for a token's key. */
export type JwksLookup =
  | { readonly kind: 'keys'; readonly keys: readonly CryptoKey[]; readonly version: number }
  /** The set is known, and does not contain the key. */
  | { readonly kind: 'unknown' }
  /** Unknown, because the set could not be fetched. */
  | { readonly kind: 'unavailable' };

export interface JwksOptions {
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly fetch: typeof globalThis.fetch;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error(`the response is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseSet(text: string): JSONWebKeySet {
  const value = JSON.parse(text) as { keys?: unknown } | null;
  if (!Array.isArray(value?.keys)) throw new Error('the response is not a JSON Web Key Set');
  const keys = value.keys.filter((key): key is JSONWebKeySet['keys'][number] => {
    // A shared secret must not be in a published set: every reader of the set could sign with it.
    return typeof key === 'object' && key !== null && typeof key.kty === 'string' && key.kty !== 'oct';
  });
  return { keys: keys.slice(0, MAX_KEYS) };
}

/** One JWKS URL. */
export class Jwks {
  readonly #url: string;
  readonly #monotonic: () => number;
  readonly #fetch: typeof globalThis.fetch;
  readonly #closing = new AbortController();
  #find: ReturnType<typeof createLocalJWKSet> | null = null;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #lastFailed = false;
  /** Counts the sets that differ from their predecessors. */
  #version = 0;
  #text: string | undefined;
  #running: Promise<void> | null = null;

  constructor(url: string, { monotonic, fetch }: JwksOptions) {
    this.#url = url;
    this.#monotonic = monotonic;
    this.#fetch = fetch;
  }

  /** The keys that may have signed a token with this header. */
  async lookup(header: JWTHeaderParameters): Promise<JwksLookup> {
    if (this.#find === null) await this.#refresh();
    else this.#keepFresh();
    // The version before the search: a set that arrives meanwhile must not vouch for an older key.
    const version = this.#version;
    const keys = await this.#match(header);
    if (keys.length > 0) return { kind: 'keys', keys, version };
    if (header.kid === undefined && this.#find !== null) return { kind: 'unknown' };
    await this.#refresh();
    const latest = this.#version;
    const again = await this.#match(header);
    if (again.length > 0) return { kind: 'keys', keys: again, version: latest };
    return { kind: this.#find === null || this.#lastFailed ? 'unavailable' : 'unknown' };
  }

  /**
   * Is the set still the one of this version? Refetches it in the background if it is no longer
   * fresh.
   */
  isCurrent(version: number): boolean {
    this.#keepFresh();
    return version === this.#version;
  }

  #keepFresh(): void {
    if (this.#monotonic() - this.#fetchedAt >= FRESH_MS) void this.#refresh();
  }

  /** Aborts a running fetch. */
  close(): void {
    this.#closing.abort();
  }

  async #match(header: JWTHeaderParameters): Promise<CryptoKey[]> {
    if (this.#find === null) return [];
    try {
      return [await this.#find(header)];
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return [];
      const keys: CryptoKey[] = [];
      for await (const key of error) keys.push(key);
      return keys;
    }
  }

  /** Fetches, unless a fetch was tried a moment ago. Concurrent callers share one fetch. */
  #refresh(): Promise<void> {
    if (this.#running !== null) return this.#running;
    const now = this.#monotonic();
    if (now - this.#attemptedAt < COOLDOWN_MS || this.#closing.signal.aborted) return Promise.resolve();
    this.#attemptedAt = now;
    this.#running = this.#load().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  #accept(text: string): void {
    if (text === this.#text) return;
    this.#find = createLocalJWKSet(parseSet(text));
    this.#text = text;
    this.#version++;
  }

  /** Never rejects: if it fails, the cached set stays. */
  async #load(): Promise<void> {
    const abort = new AbortController();
    const stop = () => abort.abort();
    const timer = setTimeout(stop, TIMEOUT_MS);
    this.#closing.signal.addEventListener('abort', stop);
    try {
      const headers = { accept: 'application/jwk-set+json, application/json' };
      const response = await this.#fetch(this.#url, { headers, redirect: 'error', signal: abort.signal });
      if (!response.ok) throw new Error(`the response has status ${response.status}`);
      this.#accept(await readBounded(response));
      this.#fetchedAt = this.#monotonic();
      this.#lastFailed = false;
    } catch {
      this.#lastFailed = true;
    } finally {
      clearTimeout(timer);
      this.#closing.signal.removeEventListener('abort', stop);
    }
  }
}
