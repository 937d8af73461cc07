import type { Json, Member } from '@sluice/protocol';

/** A member, and its place in the order of arrival. */
export interface PlacedMember {
  readonly member: Member;
  readonly place: number;
}

/** What happened to one member of a channel. */
export interface PresenceChange {
  readonly channel: string;
  readonly user: string;
  /** How the member is now; `null`: it has left. */
  readonly member: Member | null;
  /** Grows with every change of its channel; versions of different channels do not compare. */
  readonly version: number;
}

/** A channel's members at one moment. */
export interface Roster {
  /** Of the latest change that it includes. */
  readonly version: number;
  readonly total: number;
  /** Bytes of all members as JSON. */
  readonly bytes: number;
}

/** Some of a channel's members, and the roster of the same moment. */
export interface RosterPage extends Roster {
  /** In the order of arrival. */
  readonly members: readonly PlacedMember[];
}

/** One connection of a user who becomes, or stays, a member. */
export interface Entrant {
  readonly channel: string;
  readonly connection: string;
  readonly user: string;
  readonly info?: Json;
  /** Absent: the state stays as it is. */
  readonly state?: Json;
}

/**
 * Who is present where: by user, however many connections stand behind one.
 *
 * Changes of a channel are announced to the listener in the order of their versions, local ones included. A promise that rejects, with
 * `EngineUnavailable`, means that the operation was not carried out.
 */
export interface PresenceStore {
  /**
   * Must be called once, before anything else.
   *
   * @param interrupted the changes of a channel (of every channel, where none is named) may have been missed
   */
  start(changed: (change: PresenceChange) => void, interrupted?: (channel?: string) => void): void;
  /** Somebody on this node watches the channel: its changes are announced here. Absent where all changes always are. */
  watch?(channel: string): void;
  /** Nobody on this node watches the channel any more. */
  unwatch?(channel: string): void;
  /** Adds a connection to its user's membership, or changes the member's state. What changes nothing is not announced. */
  enter(entrant: Entrant): void | Promise<void>;
  /**
   * Takes a connection away; the member leaves with its last one.
   *
   * @param grace milliseconds during which the connection still counts; the next new connection with which the user enters takes its place: a
   * reload changes nothing
   */
  leave(place: { channel: string; connection: string; user: string }, grace: number): void | Promise<void>;
  roster(channel: string): Roster | Promise<Roster>;
  /** At most `limit` members that came after `place`, which need not be taken by anybody. */
  list(channel: string, place: number, limit: number): RosterPage | Promise<RosterPage>;
  close(): void;
}
