import type { Json, Member } from '@sluice/protocol';
import type { ChannelNames } from './channel-names.ts';

export type { ChannelNames };

/** A member, and its ordinal in the order of arrival. */
export interface ListedMember {
  readonly member: Member;
  readonly ordinal: number;
}

/** What happened to one member of a channel. */
export interface PresenceChange {
  readonly channel: string;
  readonly user: string;
  /** The current member; `null`: it has left. */
  readonly member: Member | null;
  /** Grows with every change of its channel; versions of different channels do not compare. */
  readonly version: number;
}

/** Number and size of a channel's members at one moment. */
export interface Roster {
  /** Version of the latest change that is included. */
  readonly version: number;
  readonly total: number;
  /** Bytes of all members as JSON. */
  readonly bytes: number;
}

/** A page of a channel's members, and the roster at the same moment. */
export interface RosterPage extends Roster {
  /** In the order of arrival. */
  readonly members: readonly ListedMember[];
}

/** One connection of a member. */
export interface MemberConnection {
  readonly channel: string;
  readonly connection: string;
  readonly user: string;
}

/** Adds a connection of a user to a channel's members, or changes the member. */
export interface EnterRequest extends MemberConnection {
  /** Absent: the info does not change. */
  readonly info?: Json;
  /** The member has no info any more. */
  readonly withoutInfo?: true;
  /** Absent: the state does not change. */
  readonly state?: Json;
}

/**
 * Stores the members of all channels: one member per user, with any number of connections.
 *
 * The store announces every change, including those made through this node, in the order of the
 * versions of its channel. A promise that rejects with `EngineUnavailable` means that the operation
 * was not carried out.
 */
export interface PresenceStore {
  /**
   * Must be called once, before any other method.
   *
   * @param interrupted changes of the channel may have been missed; without a channel: of any
   *   channel
   */
  start(changed: (change: PresenceChange) => void, interrupted?: (channel?: string) => void): void;
  /**
   * Starts announcing a channel's changes on this node. Absent if the store always announces all
   * changes.
   */
  watch?(channel: string): void;
  /** Stops announcing a channel's changes on this node. */
  unwatch?(channel: string): void;
  /**
   * Adds a connection to its user's membership, or changes the member's info and state. Announces nothing if
   * nothing changes.
   */
  enter(request: EnterRequest): void | Promise<void>;
  /**
   * Removes a connection. The member leaves with its last connection.
   *
   * @param grace milliseconds during which the connection still counts. The user's next new
   *   connection replaces it, so a page reload announces nothing
   */
  leave(connection: MemberConnection, grace: number): void | Promise<void>;
  roster(channel: string): Roster | Promise<Roster>;
  /**
   * At most `limit` members with an ordinal greater than `after`; no member needs to have the
   * ordinal `after`.
   */
  list(channel: string, after: number, limit: number): RosterPage | Promise<RosterPage>;
  /**
   * The channels with members, in the order of their names, from this name on; at most `most`. A store
   * that several nodes share may list only those whose members entered through this node.
   */
  channels(from: string, most: number): ChannelNames | Promise<ChannelNames>;
  close(): void;
}
