import type { Json, Member } from '@sluice/protocol';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Entrant, PlacedMember, PresenceChange, PresenceStore, Roster } from '../presence.ts';

/** A member with the connections behind it; a timer stands for one that is gone and still counts. */
interface Entry {
  member: Member;
  readonly place: number;
  bytes: number;
  readonly connections: Map<string, Timer | null>;
}

interface Room {
  /** In the order of arrival. */
  readonly entries: Map<string, Entry>;
  bytes: number;
  version: number;
}

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Members in this process's memory. */
export class MemoryPresence implements PresenceStore {
  readonly #clock: Clock;
  readonly #rooms = new Map<string, Room>();
  #changed: (change: PresenceChange) => void = () => {};
  // One count for all channels: a room that empties and fills again must not repeat a version.
  #version = 0;
  #places = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(changed: (change: PresenceChange) => void): void {
    this.#changed = changed;
  }

  enter(entrant: Entrant): void {
    const { channel, connection, user, info, state } = entrant;
    const room = this.#open(channel);
    const entry = room.entries.get(user) ?? this.#seat(room, user);
    dropLingering(entry, connection);
    entry.connections.set(connection, null);
    const before = entry.member;
    const member: Member = {
      user,
      ...(info === undefined ? undefined : { info }),
      ...(state === undefined ? (before.state === undefined ? undefined : { state: before.state }) : { state }),
      connections: entry.connections.size,
      since: before.since,
    };
    const news =
      before.connections !== member.connections || !same(before.state, member.state) || !same(before.info, info);
    if (news) this.#update(channel, room, entry, member);
  }

  #open(channel: string): Room {
    let room = this.#rooms.get(channel);
    if (room === undefined) {
      room = { entries: new Map(), bytes: 0, version: this.#version };
      this.#rooms.set(channel, room);
    }
    return room;
  }

  #seat(room: Room, user: string): Entry {
    const member: Member = { user, connections: 0, since: this.#clock.now() };
    const entry: Entry = { member, place: ++this.#places, bytes: 0, connections: new Map() };
    room.entries.set(user, entry);
    return entry;
  }

  #update(channel: string, room: Room, entry: Entry, member: Member): void {
    const bytes = JSON.stringify(member).length;
    room.bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    entry.member = member;
    this.#announce(channel, room, member.user, member);
  }

  #announce(channel: string, room: Room, user: string, member: Member | null): void {
    room.version = ++this.#version;
    this.#changed({ channel, user, member, version: room.version });
  }

  leave({ channel, connection, user }: { channel: string; connection: string; user: string }, grace: number): void {
    const entry = this.#rooms.get(channel)?.entries.get(user);
    if (entry === undefined || !entry.connections.has(connection)) return;
    entry.connections.get(connection)?.cancel();
    if (grace === 0) {
      this.#remove(channel, user, connection);
      return;
    }
    entry.connections.set(
      connection,
      this.#clock.after(grace, () => this.#remove(channel, user, connection)),
    );
  }

  #remove(channel: string, user: string, connection: string): void {
    const room = this.#rooms.get(channel);
    const entry = room?.entries.get(user);
    if (room === undefined || entry === undefined || !entry.connections.delete(connection)) return;
    if (entry.connections.size > 0) {
      this.#update(channel, room, entry, { ...entry.member, connections: entry.connections.size });
      return;
    }
    room.entries.delete(user);
    room.bytes -= entry.bytes;
    if (room.entries.size === 0) this.#rooms.delete(channel);
    this.#announce(channel, room, user, null);
  }

  roster(channel: string): Roster {
    const room = this.#rooms.get(channel);
    if (room === undefined) return { version: this.#version, total: 0, bytes: 0 };
    return { version: room.version, total: room.entries.size, bytes: room.bytes };
  }

  list(channel: string, place: number, limit: number): readonly PlacedMember[] {
    const found: PlacedMember[] = [];
    for (const entry of this.#rooms.get(channel)?.entries.values() ?? []) {
      if (found.length >= limit) break;
      if (entry.place > place) found.push({ member: entry.member, place: entry.place });
    }
    return found;
  }

  close(): void {
    for (const { entries } of this.#rooms.values()) {
      for (const { connections } of entries.values()) for (const timer of connections.values()) timer?.cancel();
    }
    this.#rooms.clear();
  }
}

/** The user is back, on a new connection or the old one: those that were only waited for are forgotten. */
function dropLingering(entry: Entry, connection: string): void {
  for (const [id, timer] of entry.connections) {
    if (timer === null || id === connection) continue;
    timer.cancel();
    entry.connections.delete(id);
  }
  entry.connections.get(connection)?.cancel();
}
