/** The keys behind a JWKS URL: cached, refetched when they may have changed, kept when the URL is down. */

import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWTHeaderParameters } from 'jose';

/** A set is fresh for so long; then it is refetched in the background. */
const FRESH_MS = 10 * 60_000;
/** At least so long between two fetches, whatever made them necessary and however they ended. */
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;

/** What was found for a token's header. */
export type JwksLookup =
  | { readonly kind: 'keys'; readonly keys: readonly CryptoKey[]; readonly version: number }
  /** The set is known, and holds no such key. */
  | { readonly kind: 'unknown' }
  /** Nobody can say: the set could not be fetched. */
  | { readonly kind: 'unavailable' };

export interface JwksOptions {
  /** Milliseconds, by a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly fetch: typeof globalThis.fetch;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseSet(text: string): JSONWebKeySet {
  const value = JSON.parse(text) as { keys?: unknown } | null;
  if (!Array.isArray(value?.keys)) throw new Error('the answer is not a JSON Web Key Set');
  const keys = value.keys.filter((key): key is JSONWebKeySet['keys'][number] => {
    // A shared secret has no place in a published set; whoever reads the set could sign with it.
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
  /** Counts the sets that differ from the one before. */
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
    const keys = await this.#match(header);
    if (keys.length > 0) return { kind: 'keys', keys, version: this.#version };
    if (header.kid === undefined && this.#find !== null) return { kind: 'unknown' };
    await this.#refresh();
    const again = await this.#match(header);
    if (again.length > 0) return { kind: 'keys', keys: again, version: this.#version };
    return { kind: this.#find === null || this.#lastFailed ? 'unavailable' : 'unknown' };
  }

  /** Is the set still the one of this version? Refetches it in the background when it is no longer fresh. */
  isCurrent(version: number): boolean {
    this.#keepFresh();
    return version === this.#version;
  }

  #keepFresh(): void {
    if (this.#monotonic() - this.#fetchedAt >= FRESH_MS) void this.#refresh();
  }

  /** Ends the fetch that may be running. */
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

  /** Fetches, unless it was tried just now; whoever comes while a fetch runs waits for that one. */
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

  /** Never rejects: the set that was there before stays. */
  async #load(): Promise<void> {
    const abort = new AbortController();
    const stop = () => abort.abort();
    const timer = setTimeout(stop, TIMEOUT_MS);
    this.#closing.signal.addEventListener('abort', stop);
    try {
      const headers = { accept: 'application/jwk-set+json, application/json' };
      const response = await this.#fetch(this.#url, { headers, redirect: 'error', signal: abort.signal });
      if (!response.ok) throw new Error(`the answer has status ${response.status}`);
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
