import type { Member } from '@sluice/protocol';
import type { MemberConnection, PresenceChange, PresenceStore } from '../presence.ts';

/** A store under test, and its clock. */
export interface PresenceBench {
  readonly store: PresenceStore;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Sets the wall clock forward, or back. */
  set(by: number): void;
  /** Lets time pass; resolves when everything that fell due has been announced. */
  pass(milliseconds: number): void | Promise<void>;
}

export const ROOM = 'room';
export const GRACE = 5_000;
export const HOUR = 3_600_000;

export const at = (connection: string, user: string, channel = ROOM): MemberConnection => ({
  channel,
  connection,
  user,
});

/** Watches a channel. Changes are announced after a list that was read since. */
export async function watch(store: PresenceStore, channel: string): Promise<void> {
  store.watch?.(channel);
  await store.list(channel, 0, 1);
}

/** A started store and its announcements. */
export class PresenceUse {
  readonly store: PresenceStore;
  readonly #bench: PresenceBench;
  #changes: PresenceChange[] = [];

  constructor(bench: PresenceBench) {
    this.#bench = bench;
    this.store = bench.store;
  }

  async start(): Promise<this> {
    this.store.start((change) => this.#changes.push(change));
    for (const channel of [ROOM, 'other']) await watch(this.store, channel);
    return this;
  }

  now(): number {
    return this.#bench.now();
  }

  set(by: number): void {
    this.#bench.set(by);
  }

  pass(milliseconds: number): void | Promise<void> {
    return this.#bench.pass(milliseconds);
  }

  /** What was announced since the last call, without versions. */
  async news(channel = ROOM): Promise<(Member | string)[]> {
    await this.pass(0);
    const announced = this.#changes.filter((change) => change.channel === channel);
    this.#changes = [];
    return announced.map(({ member, user }) => member ?? user);
  }

  async members(channel = ROOM): Promise<readonly Member[]> {
    return (await this.store.list(channel, 0, 1000)).members.map(({ member }) => member);
  }
}
