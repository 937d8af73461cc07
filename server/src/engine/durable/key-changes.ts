import { hash } from 'node:crypto';
import { isReached } from '../source-position.ts';
import {
  DIGEST,
  decodeKey,
  encodeKey,
  expiryEnd,
  expiryKey,
  type KeyRecord,
  keyPrefix,
  namesOfExpiry,
} from './records.ts';
import type { Change, Store } from './store.ts';

/** Keys that share a row of the expiries: as many as fit into half a page. */
const SHARED = 64;
/** Milliseconds to which expiries are rounded up, so that many keys of a batch share a row. */
const ROUNDED = 1_000;
/** The same for positions of sources: an append a day adds a row. */
const POSITIONS_ROUNDED = 86_400_000;

/**
 * The idempotency keys that a batch remembers and forgets. Keys of the store are names here: text of one byte per
 * character.
 */
export class KeyChanges {
  readonly #store: Store;
  readonly #changes: Change[];
  readonly #remembered = new Map<string, KeyRecord>();
  readonly #prefixes = new Map<number, string>();
  /** The name that was made last. */
  #latest: { readonly channel: number; readonly key: string; readonly name: string } | undefined;
  /** Remembered keys by their rounded expiry. */
  readonly #expiring = new Map<number, Buffer[]>();

  constructor(store: Store, changes: Change[]) {
    this.#store = store;
    this.#changes = changes;
  }

  /** The name of a channel's idempotency key. An append asks twice: before and after it has a place. */
  nameOf(channel: number, key: string): string {
    const latest = this.#latest;
    if (latest?.channel === channel && latest.key === key) return latest.name;
    const name = this.#prefixOf(channel) + hash('sha256', key, 'binary').slice(0, DIGEST);
    this.#latest = { channel, key, name };
    return name;
  }

  #prefixOf(channel: number): string {
    let prefix = this.#prefixes.get(channel);
    if (prefix === undefined) {
      prefix = keyPrefix(channel);
      this.#prefixes.set(channel, prefix);
    }
    return prefix;
  }

  /** The result that is remembered for a key, unless its window has passed. */
  recall(name: string, now: number): KeyRecord | undefined {
    const remembered = this.#find(name, undefined);
    return remembered !== undefined && remembered.until > now ? remembered : undefined;
  }

  #find(name: string, key: Buffer | undefined): KeyRecord | undefined {
    const remembered = this.#remembered.get(name);
    if (remembered !== undefined) return remembered;
    const found = this.#store.get('keys', key ?? Buffer.from(name, 'latin1'));
    return found === undefined ? undefined : decodeKey(found);
  }

  remember(name: string, remembered: KeyRecord): void {
    const key = Buffer.from(name, 'latin1');
    this.#remembered.set(name, remembered);
    this.#changes.push({ table: 'keys', key, value: encodeKey(remembered) });
    const until = Math.ceil(remembered.until / ROUNDED) * ROUNDED;
    const others = this.#expiring.get(until);
    if (others === undefined) this.#expiring.set(until, [key]);
    else others.push(key);
  }

  /** The latest result of a partition of a source, if it has reached the position. */
  recallPosition(name: string, position: string, now: number): KeyRecord | undefined {
    const stored = this.recall(name, now);
    if (stored === undefined) return undefined;
    const [reached = '', id = ''] = stored.id.split(' ');
    return isReached(reached, position) ? { ...stored, id } : undefined;
  }

  rememberPosition(name: string, position: string, { until, offset, id }: KeyRecord): void {
    const key = Buffer.from(name, 'latin1');
    const rounded = Math.ceil(until / POSITIONS_ROUNDED) * POSITIONS_ROUNDED;
    const remembered = { until: rounded, offset, id: `${position} ${id}` };
    const before = this.#find(name, key);
    this.#remembered.set(name, remembered);
    this.#changes.push({ table: 'keys', key, value: encodeKey(remembered) });
    if (before?.until === rounded) return;
    this.#changes.push({ table: 'expiries', key: expiryKey(rounded, key), value: Buffer.alloc(0) });
  }

  /**
   * Forgets keys whose window has passed.
   *
   * @returns how many of `most` it did not need
   */
  forget(now: number, most: number): number {
    let left = most;
    for (const { key, value } of this.#store.rows('expiries', { end: expiryEnd(now), limit: most })) {
      const expiry = Buffer.from(key);
      const names = namesOfExpiry(expiry, Buffer.from(value));
      this.#changes.push({ table: 'expiries', key: expiry, value: null });
      for (const name of names) this.#forgetOne(name, now);
      left -= names.length;
      if (left <= 0) return 0;
    }
    return left;
  }

  #forgetOne(key: Buffer, now: number): void {
    // The key may have been used again since, with a window that lasts.
    const remembered = this.#find(key.toString('latin1'), key);
    if (remembered !== undefined && remembered.until <= now) this.#changes.push({ table: 'keys', key, value: null });
  }

  /** Adds the rows that say when the remembered keys expire. */
  finish(): void {
    for (const [until, keys] of this.#expiring) {
      for (let at = 0; at < keys.length; at += SHARED) {
        const [first, ...rest] = keys.slice(at, at + SHARED);
        if (first === undefined) continue;
        this.#changes.push({ table: 'expiries', key: expiryKey(until, first), value: Buffer.concat(rest) });
      }
    }
  }
}
