import type { Member } from '@sluice/protocol';
import type { Timer } from '../../util/clock.ts';
import type { ListedMember } from '../presence.ts';

/** A member and its connections. A connection in its grace period has a timer. */
export interface MemberEntry {
  /** `null`: the user has left. */
  member: Member | null;
  readonly ordinal: number;
  /** Of the member as JSON. */
  bytes: number;
  /** In the order in which they entered, or left. */
  readonly connections: Map<string, Timer | null>;
}

/** The members of one channel, by user and in the order of arrival. */
export class ChannelMembers {
  readonly #entries = new Map<string, MemberEntry>();
  /** By ordinal, for binary search. Entries of members who left stay until they are half of it. */
  #order: MemberEntry[] = [];
  bytes = 0;
  version = 0;

  get size(): number {
    return this.#entries.size;
  }

  entry(user: string): MemberEntry | undefined {
    return this.#entries.get(user);
  }

  /** @param ordinal greater than all ordinals that were used before */
  add(user: string, ordinal: number): MemberEntry {
    const entry: MemberEntry = { member: null, ordinal, bytes: 0, connections: new Map() };
    this.#entries.set(user, entry);
    this.#order.push(entry);
    return entry;
  }

  /** Stores the current member and accounts for its bytes. */
  set(entry: MemberEntry, member: Member): void {
    const bytes = Buffer.byteLength(JSON.stringify(member));
    this.bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    entry.member = member;
  }

  remove(user: string): void {
    const entry = this.#entries.get(user);
    if (entry === undefined) return;
    this.#entries.delete(user);
    this.bytes -= entry.bytes;
    entry.member = null;
    if (this.#order.length > 2 * this.#entries.size) this.#order = [...this.#entries.values()];
  }

  /** At most `limit` members with an ordinal greater than `after`. */
  page(after: number, limit: number): ListedMember[] {
    const found: ListedMember[] = [];
    for (let at = this.#indexAfter(after); at < this.#order.length && found.length < limit; at++) {
      const entry = this.#order[at];
      if (entry?.member != null) found.push({ member: entry.member, ordinal: entry.ordinal });
    }
    return found;
  }

  #indexAfter(ordinal: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle]?.ordinal ?? 0) <= ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  cancelAll(): void {
    for (const { connections } of this.#entries.values()) for (const timer of connections.values()) timer?.cancel();
  }
}
