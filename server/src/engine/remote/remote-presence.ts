import type { ChannelNames } from '../channel-names.ts';
import { mergeEnter } from '../merge-enter.ts';
import type { EnterRequest, MemberConnection, PresenceChange, PresenceStore, Roster, RosterPage } from '../presence.ts';
import type { OwnerLink } from './owner-link.ts';

/**
 * The members in the process that owns the engine.
 *
 * Remembers the members that are connected to this process, so that an owner that restarts learns
 * of them again.
 */
export class RemotePresence implements PresenceStore {
  readonly #link: OwnerLink;
  readonly #watched = new Set<string>();
  /** In the order of their states: the connection with the latest state enters last. */
  readonly #requests = new Map<string, EnterRequest>();
  #changed: (change: PresenceChange) => void = () => {};
  #interrupted: (channel?: string) => void = () => {};
  // An owner that restarts counts versions from the beginning. This class adds a base so that
  // versions still grow.
  #base = 0;
  #latest = 0;

  constructor(link: OwnerLink) {
    this.#link = link;
  }

  start(changed: (change: PresenceChange) => void, interrupted: (channel?: string) => void = () => {}): void {
    this.#changed = changed;
    this.#interrupted = interrupted;
  }

  watch(channel: string): void {
    this.#watched.add(channel);
    this.#link.notify(['watchMembers', channel]);
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
    this.#link.notify(['unwatchMembers', channel]);
  }

  async enter(request: EnterRequest): Promise<void> {
    await this.#link.call('enter', request);
    const key = keyOf(request);
    const before = this.#requests.get(key);
    if (request.state !== undefined) this.#requests.delete(key); // moves to the end
    this.#requests.set(key, mergeEnter(before, request));
  }

  async leave(member: MemberConnection, grace: number): Promise<void> {
    this.#requests.delete(keyOf(member));
    // An owner that cannot be reached has removed all connections of this process.
    if (this.#link.reached) await this.#link.call('leave', member, grace);
  }

  async roster(channel: string): Promise<Roster> {
    return this.#counted(await this.#link.call('roster', channel));
  }

  async list(channel: string, after: number, limit: number): Promise<RosterPage> {
    return this.#counted(await this.#link.call('list', channel, after, limit));
  }

  channels(from: string, most: number): Promise<ChannelNames> {
    return this.#link.call('memberChannels', from, most);
  }

  close(): void {}

  /** The owner announces a change. */
  take(change: PresenceChange): void {
    this.#changed(this.#counted(change));
  }

  /**
   * The owner was reached again. Resolves when it knows this process' members; then reports an
   * interruption.
   */
  async resume({ anew }: { anew: boolean }): Promise<void> {
    if (anew) this.#base = this.#latest;
    for (const channel of this.#watched) this.#link.notify(['watchMembers', channel]);
    await Promise.all([...this.#requests.values()].map((request) => this.#link.call('enter', request)));
    this.interrupt();
  }

  interrupt(channel?: string): void {
    this.#interrupted(channel);
  }

  #counted<T extends { readonly version: number }>(answer: T): T {
    const version = this.#base + answer.version;
    if (version > this.#latest) this.#latest = version;
    return { ...answer, version };
  }
}

const keyOf = ({ channel, connection }: MemberConnection): string => `${connection} ${channel}`;
