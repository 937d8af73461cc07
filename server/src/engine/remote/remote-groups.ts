import type { Position } from '@sluice/protocol';
import type {
  Claim,
  Claimable,
  ClaimRequest,
  DeadPage,
  GroupGap,
  GroupOptions,
  GroupRef,
  GroupStats,
  GroupStore,
  Outcome,
  Settled,
} from '../groups.ts';
import { LoggedMessage } from '../logged-message.ts';
import type { OwnerLink } from './owner-link.ts';
import { groupKey } from './user-groups.ts';

/**
 * The consumer groups of the process that owns the engine. If this process dies, its deliveries are
 * delivered again after their `ackTimeout`.
 */
export class RemoteGroups implements GroupStore {
  readonly #link: OwnerLink;
  readonly #watched = new Map<string, GroupRef>();
  #claimable: Claimable = () => {};

  constructor(link: OwnerLink) {
    this.#link = link;
  }

  start(claimable: Claimable): void {
    this.#claimable = claimable;
  }

  async watch(ref: GroupRef): Promise<void> {
    this.#watched.set(groupKey(ref), ref);
    await this.#link.call('watchGroup', ref);
  }

  unwatch(ref: GroupRef): void {
    this.#watched.delete(groupKey(ref));
    this.#link.notify(['unwatchGroup', ref]);
  }

  /** The owner announces that something may be claimable. */
  take(channel: string, group: string): void {
    if (this.#watched.has(groupKey({ channel, group }))) this.#claimable(channel, group);
  }

  /** The owner was reached again: it does not know this process, and announcements may have been missed. */
  async resume(): Promise<void> {
    const watched = [...this.#watched.values()];
    await Promise.all(watched.map((ref) => this.#link.call('watchGroup', ref)));
    for (const { channel, group } of watched) this.take(channel, group);
  }

  async fence(ref: GroupRef, options: GroupOptions, fence: string): Promise<void> {
    await this.#link.call('fenceGroup', ref, options, fence);
  }

  async claim(ref: GroupRef, options: GroupOptions, request: ClaimRequest): Promise<Claim> {
    const { deliveries, ...claim } = await this.#link.call('claim', ref, options, request);
    return {
      ...claim,
      deliveries: deliveries.map((delivery) => ({ ...delivery, message: LoggedMessage.of(delivery.message) })),
    };
  }

  settle(ref: GroupRef, options: GroupOptions, ids: readonly string[], outcome: Outcome): Promise<Settled> {
    return this.#link.call('settle', ref, options, ids, outcome);
  }

  async confirmGaps(ref: GroupRef, gaps: readonly GroupGap[]): Promise<void> {
    await this.#link.call('confirmGaps', ref, gaps);
  }

  stats(ref: GroupRef, options: GroupOptions): Promise<GroupStats> {
    return this.#link.call('groupStats', ref, options);
  }

  seek(ref: GroupRef, options: GroupOptions, offset: number): Promise<Position> {
    return this.#link.call('seekGroup', ref, options, offset);
  }

  async dead(ref: GroupRef, after: number, limit: number): Promise<DeadPage> {
    const { letters, total } = await this.#link.call('dead', ref, after, limit);
    return { total, letters: letters.map((letter) => ({ ...letter, message: LoggedMessage.of(letter.message) })) };
  }

  bury(ref: GroupRef, ordinals: readonly number[]): Promise<number> {
    return this.#link.call('bury', ref, ordinals);
  }

  redrive(ref: GroupRef, options: GroupOptions, ordinals: readonly number[] | null): Promise<number> {
    return this.#link.call('redrive', ref, options, ordinals);
  }
}
