/** Tokens whose signature was verified a moment ago: connections that come back together cost no signature each. */

import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';

/** A signature that was good. */
export interface Signed {
  readonly claims: JWTPayload;
  /** Is the key that signed it still one of the gateway's? Asked at each use. */
  readonly isCurrent: () => boolean;
}

interface Entry extends Signed {
  readonly size: number;
}

/** Bytes of remembered tokens, all together. Their claims take about as much. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Remembers good signatures by the SHA-256 digest of the whole token, never the token: who finds two tokens of one digest has broken SHA-256.
 * Those used longest ago are dropped first. Whether a token is active, expired or revoked is never remembered.
 */
export class RecentTokens {
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** @param most tokens; 0 remembers none */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(token: string): Signed | undefined {
    if (this.#entries.size === 0) return undefined;
    const digest = digestOf(token);
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    this.#drop(digest, entry);
    if (!entry.isCurrent()) return undefined;
    this.#keep(digest, entry); // at the end: it was used last
    return entry;
  }

  add(token: string, signed: Signed): void {
    if (this.#most === 0) return;
    const digest = digestOf(token);
    this.#forgetDigest(digest);
    this.#keep(digest, { ...signed, size: token.length });
    while (this.#entries.size > this.#most || this.#bytes > MOST_BYTES) this.#dropOldest();
  }

  /** The token is of no use any more, e.g. because it has expired. */
  forget(token: string): void {
    if (this.#entries.size > 0) this.#forgetDigest(digestOf(token));
  }

  #forgetDigest(digest: string): void {
    const entry = this.#entries.get(digest);
    if (entry !== undefined) this.#drop(digest, entry);
  }

  #dropOldest(): void {
    for (const [digest, entry] of this.#entries) {
      this.#drop(digest, entry);
      return;
    }
  }

  #keep(digest: string, entry: Entry): void {
    this.#entries.set(digest, entry);
    this.#bytes += entry.size;
  }

  #drop(digest: string, entry: Entry): void {
    this.#entries.delete(digest);
    this.#bytes -= entry.size;
  }
}

const digestOf = (token: string): string => createHash('sha256').update(token).digest('base64');
