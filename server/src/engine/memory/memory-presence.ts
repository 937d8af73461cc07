import type { Json, Member } from '@sluice/protocol';
import type { Clock } from '../../util/clock.ts';
import type { Entrant, PresenceChange, PresenceStore, Roster, RosterPage } from '../presence.ts';
import { Room, type Seat } from './room.ts';

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Members in this process's memory. */
export class MemoryPresence implements PresenceStore {
  readonly #clock: Clock;
  readonly #rooms = new Map<string, Room>();
  #changed: (change: PresenceChange) => void = () => {};
  // One count for all channels: a room that empties and fills again must not repeat a version, or a place.
  #version = 0;
  #places = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(changed: (change: PresenceChange) => void): void {
    this.#changed = changed;
  }

  /** Channels that somebody is present in. */
  get size(): number {
    return this.#rooms.size;
  }

  enter(entrant: Entrant): void {
    const { channel, connection, user } = entrant;
    const room = this.#open(channel);
    const seat = room.seat(user) ?? room.add(user, ++this.#places);
    count(seat, connection);
    const before = seat.member;
    const member = this.#toMember(entrant, seat);
    const news =
      before?.connections !== member.connections ||
      !same(before.state, member.state) ||
      !same(before.info, member.info);
    if (!news) return;
    room.set(seat, member);
    this.#announce({ channel, user, member }, room);
  }

  #open(channel: string): Room {
    let room = this.#rooms.get(channel);
    if (room === undefined) {
      room = new Room();
      this.#rooms.set(channel, room);
    }
    return room;
  }

  #toMember({ user, info, state }: Entrant, { member, connections }: Seat): Member {
    const kept = state === undefined ? member?.state : state;
    return {
      user,
      ...(info === undefined ? undefined : { info }),
      ...(kept === undefined ? undefined : { state: kept }),
      connections: connections.size,
      since: member?.since ?? this.#clock.now(),
    };
  }

  #announce(change: Omit<PresenceChange, 'version'>, room: Room): void {
    room.version = ++this.#version;
    this.#changed({ ...change, version: room.version });
  }

  leave({ channel, connection, user }: { channel: string; connection: string; user: string }, grace: number): void {
    const connections = this.#rooms.get(channel)?.seat(user)?.connections;
    const timer = connections?.get(connection);
    if (connections === undefined || timer === undefined) return;
    timer?.cancel();
    connections.delete(connection); // to the end: who went first is replaced first
    const remove = () => this.#remove({ channel, connection, user });
    connections.set(connection, grace === 0 ? null : this.#clock.after(grace, remove));
    if (grace === 0) remove();
  }

  #remove({ channel, connection, user }: { channel: string; connection: string; user: string }): void {
    const room = this.#rooms.get(channel);
    const seat = room?.seat(user);
    if (room === undefined || !seat?.member || !seat.connections.delete(connection)) return;
    if (seat.connections.size > 0) {
      const member = { ...seat.member, connections: seat.connections.size };
      room.set(seat, member);
      this.#announce({ channel, user, member }, room);
      return;
    }
    room.remove(user);
    if (room.size === 0) this.#rooms.delete(channel);
    this.#announce({ channel, user, member: null }, room);
  }

  roster(channel: string): Roster {
    const room = this.#rooms.get(channel);
    if (room === undefined) return { version: this.#version, total: 0, bytes: 0 };
    return { version: room.version, total: room.size, bytes: room.bytes };
  }

  list(channel: string, place: number, limit: number): RosterPage {
    return { ...this.roster(channel), members: this.#rooms.get(channel)?.page(place, limit) ?? [] };
  }

  close(): void {
    for (const room of this.#rooms.values()) room.cancelAll();
    this.#rooms.clear();
  }
}

/** Counts a connection; a new one takes the place of the first that is gone and was only waited for. */
function count({ connections }: Seat, connection: string): void {
  const timer = connections.get(connection);
  timer?.cancel();
  if (timer === undefined) {
    for (const [gone, waiting] of connections) {
      if (waiting === null) continue;
      waiting.cancel();
      connections.delete(gone);
      break;
    }
  }
  connections.set(connection, null);
}
