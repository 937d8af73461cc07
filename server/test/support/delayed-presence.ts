import type { ChannelNames } from '../../src/engine/channel-names.ts';
import type {
  EnterRequest,
  MemberConnection,
  PresenceChange,
  PresenceStore,
  Roster,
  RosterPage,
} from '../../src/engine/presence.ts';

/** A store that answers later, like a remote one. Its announcements do not keep the order of its answers. */
export class DelayedPresence implements PresenceStore {
  readonly #inner: PresenceStore;
  readonly #questions: (() => () => void)[] = [];
  readonly #answers: (() => void)[] = [];
  readonly #announcements: PresenceChange[] = [];
  #changed: (change: PresenceChange) => void = () => {};

  constructor(inner: PresenceStore) {
    this.#inner = inner;
  }

  start(changed: (change: PresenceChange) => void): void {
    this.#changed = changed;
    this.#inner.start((change) => this.#announcements.push(change));
  }

  get busy(): boolean {
    return this.#questions.length + this.#answers.length + this.#announcements.length > 0;
  }

  /** Executes the oldest requests in order, without delivering their answers. */
  work(count: number): void {
    for (const question of this.#questions.splice(0, count)) this.#answers.push(question());
  }

  /** Delivers one answer, not necessarily the oldest. */
  answer(which: number): void {
    const [answer] = this.#answers.splice(which % Math.max(1, this.#answers.length), 1);
    answer?.();
  }

  /** Executes all requests, and delivers all answers and announcements. */
  answerAll(): void {
    this.work(this.#questions.length);
    for (const answer of this.#answers.splice(0)) answer();
    this.announce(this.#announcements.length);
  }

  announce(count: number): void {
    for (const change of this.#announcements.splice(0, count)) this.#changed(change);
  }

  #ask<T>(question: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.#questions.push(() => {
        const answer = question();
        return () => resolve(answer);
      });
    });
  }

  enter(request: EnterRequest): Promise<void> {
    return this.#ask(() => void this.#inner.enter(request));
  }

  leave(member: MemberConnection, grace: number): Promise<void> {
    return this.#ask(() => void this.#inner.leave(member, grace));
  }

  roster(channel: string): Promise<Roster> {
    return this.#ask(() => this.#inner.roster(channel) as Roster);
  }

  list(channel: string, after: number, limit: number): Promise<RosterPage> {
    return this.#ask(() => this.#inner.list(channel, after, limit) as RosterPage);
  }

  channels(from: string, most: number): Promise<ChannelNames> {
    return this.#ask(() => this.#inner.channels(from, most) as ChannelNames);
  }

  close(): void {
    this.#inner.close();
  }
}
