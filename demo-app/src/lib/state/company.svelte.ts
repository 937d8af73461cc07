import type { Client, Member, Presence } from '@sluice/client';
import { type LivePresence, livePresence } from '@sluice/client/svelte';
import { comingWords } from '../people-words.ts';
import type { PersonState } from '../person-state.ts';

/** Who comes and goes is told together, so long after the first of them, in milliseconds. */
const GATHERED = 1500;

/** Members read for the list when there are too many to be told of each. */
const PAGE = 50;

interface CompanySetup {
  readonly user: string;
  /** A member's state is known, or has changed. */
  readonly heard: (user: string, state: unknown) => void;
  readonly left: (user: string) => void;
}

/** Who is present in a room while one is in it, and being so. */
export class Company {
  readonly #presence: Presence<PersonState>;
  readonly #live: LivePresence<PersonState>;
  readonly #setup: CompanySetup;
  page = $state.raw<readonly Member<PersonState>[]>([]);
  /** Who came and who went, for a screen reader. */
  news = $state('');
  /** In the order in which they came, oneself last; empty while they are only counted. */
  readonly members = $derived.by(() => (this.#live.ready ? this.#inOrder(this.#live.members) : []));
  readonly others = $derived(this.members.map(({ user }) => user).filter((user) => user !== this.#setup.user));
  readonly #came = new Set<string>();
  readonly #gone = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stop: (() => void) | undefined;
  #leave: (() => void) | undefined;

  constructor(client: Client, channel: string, setup: CompanySetup) {
    this.#setup = setup;
    this.#presence = client.channel<unknown, PersonState>(channel).presence;
    this.#live = livePresence<PersonState>(client, channel, {
      onJoin: (member) => this.#welcome(member),
      onUpdate: ({ user, state }) => setup.heard(user, state),
      onLeave: ({ user }) => this.#miss(user),
    });
  }

  get total(): number {
    return this.#live.ready ? this.#live.total : 0;
  }

  /** Too many to list: only `total` is known, and the page that `loadPage` reads. */
  get counting(): boolean {
    return this.#live.counting;
  }

  /** Comes in, and sees who is there. */
  enter(state: PersonState): void {
    this.#stop ??= this.#live.start();
    this.#leave ??= this.#live.stay(state);
  }

  /** Tells those who come later, too. */
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
    this.#forgetNews();
  }

  /** Reads the first members of a crowd. */
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

  #welcome({ user, state }: Member<PersonState>): void {
    this.#setup.heard(user, state);
    // Who was there before oneself has not come.
    if (this.#live.ready && !this.#gone.delete(user)) this.#came.add(user);
    this.#tellSoon();
  }

  #miss(user: string): void {
    this.#setup.left(user);
    if (!this.#came.delete(user)) this.#gone.add(user);
    this.#tellSoon();
  }

  /** Who comes back at once has neither gone nor come. */
  #tellSoon(): void {
    this.#timer ??= setTimeout(() => {
      const { user } = this.#setup;
      const names = (people: Set<string>) => [...people].filter((name) => name !== user);
      this.news = comingWords(names(this.#came), names(this.#gone));
      this.#forgetNews();
    }, GATHERED);
  }

  #forgetNews(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#came.clear();
    this.#gone.clear();
  }
}
