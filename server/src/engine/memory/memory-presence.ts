import type { Json, Member } from '@sluice/protocol';
import type { Clock } from '../../util/clock.ts';
import { SortedList } from '../../util/sorted-list.ts';
import { type ChannelNames, stretchOf } from '../channel-names.ts';
import type { EnterRequest, MemberConnection, PresenceChange, PresenceStore, Roster, RosterPage } from '../presence.ts';
import { ChannelMembers, type MemberEntry } from './channel-members.ts';

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Members in this process's memory. */
export class MemoryPresence implements PresenceStore {
  readonly #clock: Clock;
  readonly #channels = new Map<string, ChannelMembers>();
  readonly #names = new SortedList<string>((name) => name);
  #changed: (change: PresenceChange) => void = () => {};
  // One counter for all channels: a channel that empties and fills again must not repeat a version
  // or an ordinal.
  #version = 0;
  #ordinal = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(changed: (change: PresenceChange) => void): void {
    this.#changed = changed;
  }

  /** Number of channels that have members. */
  get size(): number {
    return this.#channels.size;
  }

  enter(request: EnterRequest): void {
    const { channel, connection, user } = request;
    const members = this.#open(channel);
    const entry = members.entry(user) ?? members.add(user, ++this.#ordinal);
    count(entry, connection);
    const before = entry.member;
    const member = this.#toMember(request, entry);
    const isChanged =
      before?.connections !== member.connections ||
      !same(before.state, member.state) ||
      !same(before.info, member.info);
    if (!isChanged) return;
    members.set(entry, member);
    this.#announce({ channel, user, member }, members);
  }

  #open(channel: string): ChannelMembers {
    let members = this.#channels.get(channel);
    if (members === undefined) {
      members = new ChannelMembers();
      this.#channels.set(channel, members);
      this.#names.add(channel);
    }
    return members;
  }

  #toMember(request: EnterRequest, { member, connections }: MemberEntry): Member {
    const { user, withoutInfo, info = withoutInfo ? undefined : member?.info, state = member?.state } = request;
    return {
      user,
      ...(info === undefined ? undefined : { info }),
      ...(state === undefined ? undefined : { state }),
      connections: connections.size,
      since: member?.since ?? this.#clock.now(),
    };
  }

  #announce(change: Omit<PresenceChange, 'version'>, members: ChannelMembers): void {
    members.version = ++this.#version;
    this.#changed({ ...change, version: members.version });
  }

  leave({ channel, connection, user }: MemberConnection, grace: number): void {
    const connections = this.#channels.get(channel)?.entry(user)?.connections;
    const timer = connections?.get(connection);
    if (connections === undefined || timer === undefined) return;
    timer?.cancel();
    connections.delete(connection); // moves to the end: the connection that went first is replaced first
    const remove = () => this.#remove({ channel, connection, user });
    connections.set(connection, grace === 0 ? null : this.#clock.after(grace, remove));
    if (grace === 0) remove();
  }

  #remove({ channel, connection, user }: MemberConnection): void {
    const members = this.#channels.get(channel);
    const entry = members?.entry(user);
    if (members === undefined || !entry?.member || !entry.connections.delete(connection)) return;
    if (entry.connections.size > 0) {
      const member = { ...entry.member, connections: entry.connections.size };
      members.set(entry, member);
      this.#announce({ channel, user, member }, members);
      return;
    }
    members.remove(user);
    if (members.size === 0) this.#forget(channel);
    this.#announce({ channel, user, member: null }, members);
  }

  #forget(channel: string): void {
    this.#channels.delete(channel);
    this.#names.delete(channel);
  }

  roster(channel: string): Roster {
    const members = this.#channels.get(channel);
    if (members === undefined) return { version: this.#version, total: 0, bytes: 0 };
    return { version: members.version, total: members.size, bytes: members.bytes };
  }

  list(channel: string, after: number, limit: number): RosterPage {
    return { ...this.roster(channel), members: this.#channels.get(channel)?.page(after, limit) ?? [] };
  }

  channels(from: string, most: number): ChannelNames {
    return stretchOf(this.#names.from(from), { most, nameOf: (name) => name });
  }

  close(): void {
    for (const members of this.#channels.values()) members.cancelAll();
    this.#channels.clear();
  }
}

/** Counts a connection. A new connection replaces the oldest one that is in its grace period. */
function count({ connections }: MemberEntry, connection: string): void {
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
