/** Messages between the engine's owner and its users in other processes: JSON arrays that begin with their kind. */

import type { Message, Position, PublishResult } from '@sluice/protocol';
import type { ChannelNames } from '../channel-names.ts';
import type { AppendOptions, Entry, Page, Signal } from '../engine.ts';
import type {
  Claim,
  ClaimRequest,
  DeadLetter,
  DeadPage,
  Delivery,
  GroupGap,
  GroupOptions,
  GroupRef,
  GroupStats,
  Outcome,
  Settled,
} from '../groups.ts';
import type { RespondingNode } from '../nodes.ts';
import type { EnterRequest, MemberConnection, PresenceChange, Roster, RosterPage } from '../presence.ts';
import type { Revocation, RevocationsPage } from '../revocations.ts';

/** The owner introduces itself. */
export interface Welcome {
  /** Names this run of the owner. Another name means that everything in memory is lost. */
  readonly life: string;
  /** Why the engine cannot carry out operations at the moment. */
  readonly trouble: string | null;
  /** Does its log append copies in the same step? */
  readonly copies: boolean;
  /** Are members lost when the owner ends, although the logs are kept? */
  readonly forgetsMembers: boolean;
}

/** A page, its messages by value. */
export type SentPage = Omit<Page, 'messages'> & { readonly messages: readonly Message[] };

/** A claim, its messages by value. */
export type SentClaim = Omit<Claim, 'deliveries'> & {
  readonly deliveries: readonly (Omit<Delivery, 'message'> & { readonly message: Message })[];
};

/** A page of dead letters, their messages by value. */
export type SentDeadPage = Omit<DeadPage, 'letters'> & {
  readonly letters: readonly (Omit<DeadLetter, 'message'> & { readonly message: Message })[];
};

/** Calls to the owner and their answers. */
export interface Calls {
  hello: { ask: []; answer: Welcome };
  append: { ask: [channel: string, entry: Entry, options: AppendOptions]; answer: PublishResult };
  purge: { ask: [channel: string, upTo: number]; answer: null };
  read: { ask: [channel: string, after: number, limit: number]; answer: SentPage };
  seek: { ask: [channel: string, time: number]; answer: number };
  bytes: { ask: [channel: string]; answer: number };
  channels: { ask: [from: string, most: number]; answer: ChannelNames };
  memberChannels: { ask: [from: string, most: number]; answer: ChannelNames };
  watch: { ask: [channel: string]; answer: null };
  signal: { ask: [signal: Signal]; answer: null };
  revoke: { ask: [revocation: Revocation]; answer: null };
  revocations: { ask: []; answer: readonly Revocation[] };
  revocationsPage: { ask: [after: string, limit: number]; answer: RevocationsPage };
  enter: { ask: [request: EnterRequest]; answer: null };
  leave: { ask: [member: MemberConnection, grace: number]; answer: null };
  roster: { ask: [channel: string]; answer: Roster };
  list: { ask: [channel: string, after: number, limit: number]; answer: RosterPage };
  openMailbox: { ask: [address: string]; answer: null };
  closeMailbox: { ask: [address: string]; answer: null };
  offer: { ask: [address: string, channel: string, capacity: number]; answer: null };
  responders: { ask: [channel: string]; answer: readonly RespondingNode[] };
  watchGroup: { ask: [ref: GroupRef]; answer: null };
  fenceGroup: { ask: [ref: GroupRef, options: GroupOptions, fence: string]; answer: null };
  claim: { ask: [ref: GroupRef, options: GroupOptions, request: ClaimRequest]; answer: SentClaim };
  settle: {
    ask: [ref: GroupRef, options: GroupOptions, ids: readonly string[], outcome: Outcome];
    answer: Settled;
  };
  groupStats: { ask: [ref: GroupRef, options: GroupOptions]; answer: GroupStats };
  seekGroup: { ask: [ref: GroupRef, options: GroupOptions, offset: number]; answer: Position };
  dead: { ask: [ref: GroupRef, after: number, limit: number]; answer: SentDeadPage };
  confirmGaps: { ask: [ref: GroupRef, gaps: readonly GroupGap[]]; answer: null };
  bury: { ask: [ref: GroupRef, ordinals: readonly number[]]; answer: number };
  redrive: {
    ask: [ref: GroupRef, options: GroupOptions, ordinals: readonly number[] | null];
    answer: number;
  };
  send: { ask: [from: string, to: string, message: string]; answer: boolean };
}

export type CallName = keyof Calls;

/** From a user to the owner. A `call` is answered, other items are not. */
export type ToOwner =
  | { [Name in CallName]: ['call', id: number, name: Name, ...ask: Calls[Name]['ask']] }[CallName]
  | ['unwatch', channel: string]
  | ['watchMembers', channel: string]
  | ['unwatchMembers', channel: string]
  | ['unwatchGroup', ref: GroupRef];

/** From the owner. */
export type FromOwner =
  | ['answer', id: number, value: unknown]
  | ['refusal', id: number, error: string, message: string]
  | ['message', channel: string, epoch: string, message: Message]
  | ['interrupted', channel: string]
  | ['signal', signal: Signal]
  | ['change', change: PresenceChange]
  /** Of all channels, if none is named. */
  | ['membersInterrupted', channel: string | null]
  | ['claimable', channel: string, group: string]
  | ['mail', to: string, from: string, message: string]
  | ['mailboxInterrupted', address: string]
  | ['trouble', trouble: string | null];
