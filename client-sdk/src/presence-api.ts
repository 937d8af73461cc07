import type { Member as WireMember } from '@sluice/protocol';
import type { SluiceError } from './errors.ts';

/** A user who is present in a channel, with however many connections. */
export interface Member<State = unknown> extends Omit<WireMember, 'state' | 'info'> {
  /** What the user has set last with `enter` or `update`. */
  readonly state?: State;
  /** The claim `info` of the user's token. */
  readonly info?: unknown;
}

/**
 * Who is present: a living collection, in order. It knows somebody while something listens by `presence.subscribe`.
 *
 * @example
 * const { members } = client.channel('chat:lobby').presence;
 * for (const { user, state } of members) console.log(user, state);
 * console.log(`${members.size} of ${members.total}`);
 */
export interface Members<State = unknown> extends Iterable<Member<State>> {
  /** How many are listed here; 0 while they are only counted. */
  readonly size: number;
  /** How many are present, listed or not; 0 before it is known. */
  readonly total: number;
  /** All of them. A new array after each change, and the same one until then: made for frameworks that compare. */
  readonly list: readonly Member<State>[];
  get(user: string): Member<State> | undefined;
  has(user: string): boolean;
}

/** An order of the members, as `Array.sort` takes it. */
export type CompareMembers<State = unknown> = (a: Member<State>, b: Member<State>) => number;

/** What to call when something changes. All of it comes while a push of the gateway is being read. */
export interface PresenceListener<State = unknown> {
  /** Somebody came, or is there already when you begin to listen. */
  join?(member: Member<State>): void;
  /** A state, an info or a number of connections is another than before. */
  update?(member: Member<State>, before: Member<State>): void;
  /** Somebody has gone; the member as it was last. */
  leave?(member: Member<State>): void;
  /** After the others, once for all that came together. */
  change?(members: Members<State>): void;
  /** The number of members is another, or is known for the first time. */
  count?(total: number): void;
  /** It was refused, or has ended; or it is tried again, where the error is `retryable`. Without it the client's `error` tells. */
  error?(error: SluiceError): void;
}

/** Which page of the members. */
export interface MembersPageOptions {
  /** Most members to return. Default 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

/** A page of the members, in the order in which they came. */
export interface MembersPage<State = unknown> {
  readonly total: number;
  readonly members: readonly Member<State>[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: number;
}

/**
 * Who is present in a channel, and being so. `StateIn` is what one sets, where a contract makes something else of it.
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
  /** Those who are present, by user. */
  readonly members: Members<State>;
  /** Are there too many to list? Then only `members.total` is known, and `page` reads them. */
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
   * Listens to who comes and goes. Those who are there already are told as `join` first. After a lost connection only what
   * is different is told. All listeners to one channel share one watch on the gateway. A function is called for every change.
   *
   * @returns ends the listening
   *
   * @example
   * const stop = presence.subscribe((members) => render(members.list));
   * stop();
   */
  subscribe(listener: PresenceListener<State> | ((members: Members<State>) => void)): () => void;
  /**
   * Becomes a member, with this state or the last one. It stays so over lost connections, until `leave`.
   *
   * @returns resolves when the gateway has taken it, however long that takes; rejects with a `SluiceError`
   *
   * @example
   * await presence.enter({ typing: false });
   */
  enter(state?: StateIn): Promise<void>;
  /**
   * Changes the state. While one change is on its way, only the last of those behind it is sent.
   *
   * @returns rejects with `not_member` where `enter` was not called
   *
   * @example
   * await presence.update({ typing: true });
   */
  update(state: StateIn): Promise<void>;
  /**
   * Is no member any more, at once. Resolves also where it was none.
   *
   * @example
   * await presence.leave();
   */
  leave(): Promise<void>;
  /**
   * Reads a page of the members, as they are now.
   *
   * @example
   * const first = await presence.page({ limit: 50 });
   * if (first.next !== undefined) await presence.page({ limit: 50, after: first.next });
   */
  page(options?: MembersPageOptions): Promise<MembersPage<State>>;
}
