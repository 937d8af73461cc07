/**
 * Tokens whose signature was verified recently, so that mass reconnects do not verify every
 * signature again.
 */

import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';

/** A valid signature. */
export interface Signed {
  readonly claims: JWTPayload;
  /** Does the gateway still use the key that signed it? Checked at each use. */
  readonly isCurrent: () => boolean;
}

interface Entry extends Signed {
  readonly size: number;
}

/** Maximum bytes of all remembered tokens. Their claims use about as much memory. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Remembers valid signatures by the SHA-256 digest of the whole token, never the token itself. The
 * least recently used ones are dropped first. Whether a token is active, expired or revoked is
 * never remembered.
 */
export class RecentTokens {
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();
  /** Stays at the oldest entry: a new iterator would pass over all deleted ones first. */
  #oldest = this.#entries.entries();
  #bytes = 0;

  /** @param most maximum number of tokens; 0 remembers none */
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
    this.#keep(digest, entry); // at the end: most recently used
    return entry;
  }

  add(token: string, signed: Signed): void {
    if (this.#most === 0) return;
    const digest = digestOf(token);
    this.#forgetDigest(digest);
    this.#keep(digest, { ...signed, size: token.length });
    while (this.#entries.size > this.#most || this.#bytes > MOST_BYTES) this.#dropOldest();
  }

  /** Drops a token, for example because it has expired. */
  forget(token: string): void {
    if (this.#entries.size > 0) this.#forgetDigest(digestOf(token));
  }

  #forgetDigest(digest: string): void {
    const entry = this.#entries.get(digest);
    if (entry !== undefined) this.#drop(digest, entry);
  }

  #dropOldest(): void {
    let next = this.#oldest.next();
    if (next.done === true) {
      this.#oldest = this.#entries.entries();
      next = this.#oldest.next();
    }
    if (next.done !== true) this.#drop(...next.value);
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
