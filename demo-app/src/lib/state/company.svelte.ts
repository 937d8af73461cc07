import type { Member, Presence } from '@sluice/client';
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
  readonly #setup: CompanySetup;
  /** In the order in which they came, oneself last; empty while they are only counted. */
  members = $state.raw<readonly Member<PersonState>[]>([]);
  total = $state(0);
  /** Too many to list: only `total` is known, and the page that `loadPage` reads. */
  counting = $state(false);
  page = $state.raw<readonly Member<PersonState>[]>([]);
  /** Who came and who went, for a screen reader. */
  news = $state('');
  readonly others = $derived(this.members.map(({ user }) => user).filter((user) => user !== this.#setup.user));
  readonly #came = new Set<string>();
  readonly #gone = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #known = false;
  #stop: (() => void) | undefined;

  constructor(presence: Presence<PersonState>, setup: CompanySetup) {
    this.#presence = presence;
    this.#setup = setup;
  }

  /** Comes in, and sees who is there. */
  enter(state: PersonState): void {
    if (this.#stop !== undefined) return;
    const arrivals = this.#presence.sorted(
      (one, other) => this.#isSelf(one) - this.#isSelf(other) || one.since - other.since,
    );
    this.#stop = this.#presence.subscribe({
      join: (member) => this.#join(member),
      update: ({ user, state: told }) => this.#setup.heard(user, told),
      leave: ({ user }) => this.#leave(user),
      change: ({ total }) => {
        this.members = arrivals.list;
        this.total = total;
        this.counting = this.#presence.counting;
        this.#known = true;
      },
      // A room may keep its company to itself, and why a connection was closed is told elsewhere.
      error: ({ retryable }) => retryable || this.end(),
    });
    this.#presence.enter(state).catch(() => {});
  }

  /** Tells those who come later, too. */
  update(state: PersonState): void {
    if (this.#stop !== undefined) this.#presence.update(state).catch(() => {});
  }

  leave(): void {
    if (this.#stop === undefined) return;
    this.end();
    this.#presence.leave().catch(() => {});
  }

  /** Forgets who was there. */
  end(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#known = false;
    this.members = [];
    this.total = 0;
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

  #isSelf({ user }: { user: string }): number {
    return user === this.#setup.user ? 1 : 0;
  }

  #join({ user, state }: Member<PersonState>): void {
    this.#setup.heard(user, state);
    if (this.#known && !this.#gone.delete(user)) this.#came.add(user);
    this.#tellSoon();
  }

  #leave(user: string): void {
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
