import type { Client, Member, Presence } from '@sluice/client';
import { type LivePresence, livePresence } from '@sluice/client/svelte';
import { membershipWords } from '../people-words.ts';
import type { PersonState } from '../person-state.ts';

/** Joins and leaves are announced together, this time after the first, in milliseconds. */
const ANNOUNCE_DELAY = 1500;

/** Number of members that are read for the list if presence only counts them. */
const PAGE = 50;

interface RoomPresenceSetup {
  readonly user: string;
  /** Called with a member's initial or changed state. */
  readonly stateChanged: (user: string, state: unknown) => void;
  readonly left: (user: string) => void;
}

/** The members of a room, and the own membership. */
export class RoomPresence {
  readonly #presence: Presence<PersonState>;
  readonly #live: LivePresence<PersonState>;
  readonly #setup: RoomPresenceSetup;
  page = $state.raw<readonly Member<PersonState>[]>([]);
  /** Joins and leaves for a screen reader. */
  news = $state('');
  /** In the order of arrival, the own user last; empty while members are only counted. */
  readonly members = $derived.by(() => (this.#live.ready ? this.#inOrder(this.#live.members) : []));
  readonly others = $derived(this.members.map(({ user }) => user).filter((user) => user !== this.#setup.user));
  readonly #newlyJoined = new Set<string>();
  readonly #newlyLeft = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stop: (() => void) | undefined;
  #leave: (() => void) | undefined;

  constructor(client: Client, channel: string, setup: RoomPresenceSetup) {
    this.#setup = setup;
    this.#presence = client.channel<unknown, PersonState>(channel).presence;
    this.#live = livePresence<PersonState>(client, channel, {
      onJoin: (member) => this.#joined(member),
      onUpdate: ({ user, state }) => setup.stateChanged(user, state),
      onLeave: ({ user }) => this.#departed(user),
    });
  }

  get total(): number {
    return this.#live.ready ? this.#live.total : 0;
  }

  /** Too many to list: only `total` and the page of `loadPage` are known. */
  get counting(): boolean {
    return this.#live.counting;
  }

  /** Enters the room and watches its members. */
  enter(state: PersonState): void {
    this.#stop ??= this.#live.start();
    this.#leave ??= this.#live.stay(state);
  }

  /** Updates the own member state. */
  update(state: PersonState): void {
    const before = this.#leave;
    if (before === undefined) return;
    this.#leave = this.#live.stay(state);
    before();
  }

  leave(): void {
    this.#leave?.();
    this.#stop?.();
    this.#leave = undefined;
    this.#stop = undefined;
    this.news = '';
    this.#clearNews();
  }

  /** Reads the first members while members are only counted. */
  async loadPage(): Promise<void> {
    try {
      ({ members: this.page } = await this.#presence.page({ limit: PAGE }));
    } catch {
      this.page = [];
    }
  }

  #inOrder(members: readonly Member<PersonState>[]): Member<PersonState>[] {
    return members.toSorted((one, other) => this.#isSelf(one) - this.#isSelf(other) || one.since - other.since);
  }

  #isSelf({ user }: { user: string }): number {
    return user === this.#setup.user ? 1 : 0;
  }

  #joined({ user, state }: Member<PersonState>): void {
    this.#setup.stateChanged(user, state);
    // Members who were present before the own user did not join now.
    if (this.#live.ready && !this.#newlyLeft.delete(user)) this.#newlyJoined.add(user);
    this.#announceSoon();
  }

  #departed(user: string): void {
    this.#setup.left(user);
    if (!this.#newlyJoined.delete(user)) this.#newlyLeft.add(user);
    this.#announceSoon();
  }

  /** Collects changes: a member who returns at once is not announced. */
  #announceSoon(): void {
    this.#timer ??= setTimeout(() => {
      const { user } = this.#setup;
      const names = (people: Set<string>) => [...people].filter((name) => name !== user);
      this.news = membershipWords(names(this.#newlyJoined), names(this.#newlyLeft));
      this.#clearNews();
    }, ANNOUNCE_DELAY);
  }

  #clearNews(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#newlyJoined.clear();
    this.#newlyLeft.clear();
  }
}
