import type { Json } from '@sluice/protocol';
import type { Presence } from '../presence-api.ts';
import type { GroupTab } from './group-tab.ts';

/** The tabs that have entered a channel. Upstream they are one member, which leaves with the last tab. */
export class SharedMembership {
  readonly #presence: Presence;
  // The last entry belongs to the tab that set its state last. Others see that state.
  readonly #entered = new Map<GroupTab, Json | undefined>();
  readonly #departed = new Set<GroupTab>();
  readonly #onFewer: () => void;
  // Tabs that wait for the gateway's answer to `enter`.
  #entering = 0;

  /** @param onFewer called when it may be unused, or a tab has disappeared: call `settle` later */
  constructor(presence: Presence, onFewer: () => void) {
    this.#presence = presence;
    this.#onFewer = onFewer;
  }

  /** Has no tab entered, and does none enter? */
  get isUnused(): boolean {
    return this.#entered.size === 0 && this.#entering === 0;
  }

  has(tab: GroupTab): boolean {
    return this.#entered.has(tab);
  }

  /** Enters the tab, or changes its state. If the gateway refuses, nothing changes. */
  async enter(tab: GroupTab, state: Json | undefined): Promise<void> {
    const own = state ?? this.#entered.get(tab);
    this.#entering++;
    try {
      await this.#presence.enter(own);
    } catch (error) {
      this.#onFewer();
      throw error;
    } finally {
      this.#entering--;
    }
    this.#entered.delete(tab);
    this.#entered.set(tab, own);
    // The tab disappeared while the gateway answered.
    if (!tab.connected) this.depart(tab);
  }

  /** The tab leaves: restores the state of another tab, or ends the membership. */
  async leave(tab: GroupTab): Promise<void> {
    const wasLast = [...this.#entered.keys()].at(-1) === tab;
    if (!this.#entered.delete(tab)) return;
    if (this.#entered.size === 0) {
      this.#onFewer();
      await this.#presence.leave();
      return;
    }
    const state = [...this.#entered.values()].findLast((other) => other !== undefined);
    if (wasLast && state !== undefined) await this.#presence.enter(state);
  }

  /**
   * The tab disappeared without leaving. It counts until `settle`, so that a reload causes no leave
   * and join.
   */
  depart(tab: GroupTab): void {
    if (!this.#entered.has(tab)) return;
    this.#departed.add(tab);
    this.#onFewer();
  }

  /** Removes the tabs that have disappeared. */
  settle(): void {
    for (const tab of this.#departed) this.leave(tab).catch(() => {});
    this.#departed.clear();
  }

  /** The gateway ended the membership: notifies all tabs. */
  end(notify: (tab: GroupTab) => void): void {
    for (const tab of this.#entered.keys()) notify(tab);
    this.#entered.clear();
    this.#onFewer();
  }
}
