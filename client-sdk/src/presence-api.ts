import type { Member as WireMember } from '@sluice/protocol';
import type { SluiceError } from './errors.ts';

/** A user who is present in a channel, with one or more connections. */
export interface Member<State = unknown> extends Omit<WireMember, 'state' | 'info'> {
  /** The state that the user last set with `enter` or `update`. */
  readonly state?: State;
  /** The claim `info` of the user's token. */
  readonly info?: unknown;
}

/**
 * The members of a channel: a live, sorted collection. It is filled while there is a listener of
 * `presence.subscribe`.
 *
 * @example
 * const { members } = client.channel('chat:lobby').presence;
 * for (const { user, state } of members) console.log(user, state);
 * console.log(`${members.size} of ${members.total}`);
 */
export interface Members<State = unknown> extends Iterable<Member<State>> {
  /** Number of members listed here; 0 while they are only counted. */
  readonly size: number;
  /** Number of members present, listed or not; 0 while it is unknown. */
  readonly total: number;
  /** All members. The array keeps its identity until a member changes, for frameworks that compare. */
  readonly list: readonly Member<State>[];
  get(user: string): Member<State> | undefined;
  has(user: string): boolean;
}

/** Compares two members, as `Array.sort` expects it. */
export type CompareMembers<State = unknown> = (a: Member<State>, b: Member<State>) => number;

/** Handlers for changes. They are called while the client reads a push of the gateway. */
export interface PresenceListener<State = unknown> {
  /** A user joined, or was present already when the listener was added. */
  join?(member: Member<State>): void;
  /** A member's state, info or number of connections has changed. */
  update?(member: Member<State>, before: Member<State>): void;
  /** A user left. `member` is the last known one. */
  leave?(member: Member<State>): void;
  /** Called after the others, once per push. */
  change?(members: Members<State>): void;
  /** The number of members has changed, or is known for the first time. */
  count?(total: number): void;
  /**
   * The presence subscription was refused or has ended; if the error is `retryable`, the client
   * retries. Without this handler the client emits `error`.
   */
  error?(error: SluiceError): void;
}

/** Which page of the members. */
export interface MembersPageOptions {
  /** Maximum number of members. Default: 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the previous page. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

/** A page of the members, in the order in which they joined. */
export interface MembersPage<State = unknown> {
  readonly total: number;
  readonly members: readonly Member<State>[];
  /** Where the next page begins; absent on the last page. */
  readonly next?: number;
}

/**
 * The presence of a channel: its members, and your own membership. `State` and `StateIn`: a member's
 * state as received, and as sent; a contract may convert it.
 *
 * @example
 * const { presence } = client.channel<Note, { typing: boolean }>('chat:lobby');
 * const stop = presence.subscribe({
 *   join: ({ user }) => console.log(`${user} is here`),
 *   leave: ({ user }) => console.log(`${user} has gone`),
 *   change: (members) => render(members.list),
 * });
 * await presence.enter({ typing: false });
 */
export interface Presence<State = unknown, StateIn = State> {
  /** The members, sorted by user. */
  readonly members: Members<State>;
  /** Are there too many members to list? Then only `members.total` is known, and `page` reads them. */
  readonly counting: boolean;
  /**
   * The same members in another order.
   *
   * @example
   * const byArrival = presence.sorted((a, b) => a.since - b.since);
   * presence.subscribe(() => render(byArrival.list));
   */
  sorted(compare: CompareMembers<State>): Members<State>;
  /**
   * Adds a listener for members who join, change and leave. `join` is called for present members
   * first. After a lost connection only the differences are reported. All listeners of a channel
   * share one presence subscription on the gateway. A function is called for every change.
   *
   * @returns removes the listener
   *
   * @example
   * const stop = presence.subscribe((members) => render(members.list));
   * stop();
   */
  subscribe(listener: PresenceListener<State> | ((members: Members<State>) => void)): () => void;
  /**
   * Becomes a member, with this state or the last one. The membership survives lost connections,
   * until `leave`.
   *
   * @returns resolves when the gateway has accepted it, without a time limit: what it refuses for
   *   now is repeated, and the client emits `error`. Rejects with a `SluiceError`
   *
   * @example
   * await presence.enter({ typing: false });
   */
  enter(state?: StateIn): Promise<void>;
  /**
   * Changes the state. While one change is being sent, only the last of the later ones is sent.
   *
   * @returns rejects with `not_member` if `enter` was not called
   *
   * @example
   * await presence.update({ typing: true });
   */
  update(state: StateIn): Promise<void>;
  /**
   * Ends the membership immediately. Resolves also if there was none.
   *
   * @example
   * await presence.leave();
   */
  leave(): Promise<void>;
  /**
   * Reads a page of the current members.
   *
   * @example
   * const first = await presence.page({ limit: 50 });
   * if (first.next !== undefined) await presence.page({ limit: 50, after: first.next });
   */
  page(options?: MembersPageOptions): Promise<MembersPage<State>>;
}
