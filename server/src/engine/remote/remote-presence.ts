import type { Entrant, PresenceChange, PresenceStore, Roster, RosterPage } from '../presence.ts';
import type { Place } from './items.ts';
import type { OwnerLink } from './owner-link.ts';

/**
 * Members in the process that holds the engine.
 *
 * It remembers who is present by this process' connections, so that an owner that starts anew learns it again.
 */
export class RemotePresence implements PresenceStore {
  readonly #link: OwnerLink;
  readonly #watched = new Set<string>();
  /** In the order in which they were set: whose state is the latest enters last. */
  readonly #entrants = new Map<string, Entrant>();
  #changed: (change: PresenceChange) => void = () => {};
  #interrupted: (channel?: string) => void = () => {};
  // An owner that starts anew counts versions from the beginning; here they go on.
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
    this.#link.tell(['watchMembers', channel]);
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
    this.#link.tell(['unwatchMembers', channel]);
  }

  async enter(entrant: Entrant): Promise<void> {
    await this.#link.call('enter', entrant);
    const key = keyOf(entrant);
    const before = this.#entrants.get(key);
    const { state = before?.state, info } = entrant;
    if (entrant.state !== undefined) this.#entrants.delete(key); // to the end
    const { channel, connection, user } = entrant;
    this.#entrants.set(key, {
      ...{ channel, connection, user },
      ...(info === undefined ? undefined : { info }),
      ...(state === undefined ? undefined : { state }),
    });
  }

  async leave(place: Place, grace: number): Promise<void> {
    this.#entrants.delete(keyOf(place));
    // An owner that cannot be reached has seen all connections of this process go.
    if (this.#link.reached) await this.#link.call('leave', place, grace);
  }

  async roster(channel: string): Promise<Roster> {
    return this.#counted(await this.#link.call('roster', channel));
  }

  async list(channel: string, place: number, limit: number): Promise<RosterPage> {
    return this.#counted(await this.#link.call('list', channel, place, limit));
  }

  close(): void {}

  /** The owner announces a change. */
  take(change: PresenceChange): void {
    this.#changed(this.#counted(change));
  }

  /** The owner was reached again. Resolves when it knows who is here; then everything may have changed. */
  async resume({ anew }: { anew: boolean }): Promise<void> {
    if (anew) this.#base = this.#latest;
    for (const channel of this.#watched) this.#link.tell(['watchMembers', channel]);
    await Promise.all([...this.#entrants.values()].map((entrant) => this.#link.call('enter', entrant)));
    this.interrupt();
  }

  interrupt(channel?: string): void {
    this.#interrupted(channel);
  }

  #counted<T extends { readonly version: number }>(told: T): T {
    const version = this.#base + told.version;
    if (version > this.#latest) this.#latest = version;
    return { ...told, version };
  }
}

const keyOf = ({ channel, connection }: Place): string => `${connection} ${channel}`;
