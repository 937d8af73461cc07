import type { Json, Member, MemberChange, MembersResult, PresencePush } from '@sluice/protocol';

/** Milliseconds for which a closed connection still counts. SPEC.md section 9. */
const GRACE = 5_000;

interface MemberEntry {
  readonly ordinal: number;
  member: Member;
  /** By connection. A closed connection that still counts has the timer of its grace period. */
  readonly connections: Map<string, ReturnType<typeof setTimeout> | undefined>;
}

/** The members of one channel. SPEC.md section 9. */
export class MemoryPresence {
  readonly #channel: string;
  readonly #publish: (push: PresencePush) => void;
  readonly #entries = new Map<string, MemberEntry>();
  #version = 0;
  #ordinals = 0;

  /** @param publish called for every change, once for all presence subscriptions */
  constructor(channel: string, publish: (push: PresencePush) => void) {
    this.#channel = channel;
    this.#publish = publish;
  }

  /** In the order in which they joined. */
  get members(): readonly Member[] {
    return [...this.#entries.values()].map(({ member }) => member);
  }

  /** The whole list, for a new presence subscription. */
  get list(): PresencePush {
    const changes = this.members.map((member) => ({ version: this.#version, member }));
    return { ...this.#push(changes), reset: true };
  }

  /** @param state if absent, it stays unchanged */
  enter(user: string, connection: string, state: Json | undefined): void {
    const before = this.#entries.get(user);
    const connections = before?.connections ?? new Map();
    if (!connections.has(connection)) replaceGone(connections);
    connections.set(connection, undefined);
    const kept = state === undefined ? before?.member.state : structuredClone(state);
    const member: Member = {
      user,
      ...(kept === undefined ? {} : { state: kept }),
      connections: connections.size,
      since: before?.member.since ?? Date.now(),
    };
    this.#entries.set(user, { ordinal: before?.ordinal ?? ++this.#ordinals, member, connections });
    if (JSON.stringify(before?.member) !== JSON.stringify(member)) this.#changed({ version: ++this.#version, member });
  }

  /** Removes a connection without a grace period. */
  leave(user: string, connection: string): void {
    const entry = this.#entries.get(user);
    if (entry === undefined) return;
    clearTimeout(entry.connections.get(connection));
    if (!entry.connections.delete(connection)) return;
    if (entry.connections.size > 0) {
      entry.member = { ...entry.member, connections: entry.connections.size };
      this.#changed({ version: ++this.#version, member: entry.member });
    } else {
      this.#entries.delete(user);
      this.#changed({ version: ++this.#version, left: user });
    }
  }

  /** Starts the grace period of a lost connection. */
  startGrace(user: string, connection: string): void {
    const entry = this.#entries.get(user);
    if (entry === undefined || !entry.connections.delete(connection)) return;
    entry.connections.set(
      connection,
      setTimeout(() => this.leave(user, connection), GRACE),
    );
  }

  /** Ends all grace periods now. */
  endGrace(): void {
    for (const [user, { connections }] of [...this.#entries]) {
      for (const [connection, timer] of [...connections]) if (timer !== undefined) this.leave(user, connection);
    }
  }

  /** Removes all members without notifying anyone. */
  clear(): void {
    for (const { connections } of this.#entries.values()) for (const timer of connections.values()) clearTimeout(timer);
    this.#entries.clear();
  }

  page({ after = 0, limit = 100 }: { after?: number; limit?: number }): MembersResult {
    const rest = [...this.#entries.values()].filter(({ ordinal }) => ordinal > after);
    const page = rest.slice(0, limit);
    const next = page.at(-1)?.ordinal;
    const members = page.map(({ member }) => member);
    const total = this.#entries.size;
    return rest.length > page.length && next !== undefined ? { total, members, next } : { total, members };
  }

  #changed(change: MemberChange): void {
    this.#publish(this.#push([change]));
  }

  #push(changes: readonly MemberChange[]): PresencePush {
    return { type: 'presence', channel: this.#channel, version: this.#version, total: this.#entries.size, changes };
  }
}

/** A new connection replaces the first closed one that still counts, so that a reload changes nothing. */
function replaceGone(connections: MemberEntry['connections']): void {
  for (const [gone, timer] of connections) {
    if (timer === undefined) continue;
    clearTimeout(timer);
    connections.delete(gone);
    return;
  }
}
