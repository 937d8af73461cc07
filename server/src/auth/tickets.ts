/** One-time tickets: a page puts them into a URL in place of a token. */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readClaims } from './claims.ts';
import type { Identity } from './identity.ts';
import type { KeyConfig } from './keys.ts';
import type { ApiKeyConfig } from './secrets.ts';
import type { Verification } from './token.ts';

/** The content of a ticket. */
export interface Ticket {
  /** The id under which its use is remembered. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** The only channels that it can open. */
  readonly channels: readonly string[];
  /** Claims of the token that it replaces. */
  readonly claims: Identity['claims'];
}

const PREFIX = 't1.';
const CIPHER = 'aes-256-gcm';
const IV = 12;
const TAG = 16;

/** Is this a ticket rather than a token? */
export const isTicket = (credential: string): boolean => credential.startsWith(PREFIX);

/**
 * The secrets of a configuration from which the key of tickets is derived. All nodes share them, and
 * whoever has all of them can make tickets: hence only secrets that already permit everything.
 */
export function ticketSecrets(config: {
  readonly apiKeys: readonly ApiKeyConfig[];
  readonly keys: readonly KeyConfig[];
}): readonly string[] {
  const unrestricted = config.apiKeys.filter(({ caps }) => caps === undefined);
  return [...unrestricted.map(({ secret }) => secret), ...config.keys.flatMap(sharedSecretOf)];
}

function sharedSecretOf(key: KeyConfig): readonly string[] {
  if ('secret' in key) return [key.secret];
  return 'jwk' in key && typeof key.jwk.k === 'string' ? [key.jwk.k] : [];
}

/**
 * Seals tickets. A ticket contains its content, encrypted: URLs and logs reveal nothing, and every
 * node with the same secrets can open it.
 */
export class TicketSeal {
  #key: Buffer;

  /**
   * @param secrets of the configuration, the same on all nodes. Without secrets, only this process
   *   can open its tickets.
   */
  constructor(secrets: readonly string[]) {
    this.#key = keyOf(secrets);
  }

  /** Tickets that were sealed before can no longer be opened. */
  replace(secrets: readonly string[]): void {
    this.#key = keyOf(secrets);
  }

  seal(ticket: Ticket): string {
    const iv = randomBytes(IV);
    const cipher = createCipheriv(CIPHER, this.#key, iv);
    const sealed = Buffer.concat([
      iv,
      cipher.update(JSON.stringify(ticket), 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return PREFIX + sealed.toString('base64url');
  }

  /** `null`: the ticket was not sealed with these secrets. */
  open(text: string): Ticket | null {
    const sealed = Buffer.from(text.slice(PREFIX.length), 'base64url');
    if (!isTicket(text) || sealed.length <= IV + TAG) return null;
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, sealed.subarray(0, IV), { authTagLength: TAG });
      decipher.setAuthTag(sealed.subarray(-TAG));
      const opened = Buffer.concat([decipher.update(sealed.subarray(IV, -TAG)), decipher.final()]);
      return JSON.parse(opened.toString('utf8')) as Ticket;
    } catch {
      return null;
    }
  }
}

function keyOf(secrets: readonly string[]): Buffer {
  const material = secrets.length === 0 ? randomBytes(32) : Buffer.from(JSON.stringify([...secrets].sort()));
  return Buffer.from(hkdfSync('sha256', material, '', 'sluice tickets 1', 32));
}

/** The identity of a ticket. `now`: milliseconds since the Unix epoch. */
export function verifyTicket(ticket: Ticket | null, now: number): Verification {
  if (ticket === null) return { ok: false, error: 'token_malformed', message: 'This is neither a token nor a ticket.' };
  const read = readClaims(ticket.claims, { clockTolerance: 0 }, now);
  return 'error' in read ? { ok: false, ...read } : { ok: true, identity: read };
}
