import type { Json } from '@sluice/protocol';
import type { Presence } from '../presence-api.ts';
import type { VirtualConnection } from './virtual-connection.ts';

/** Who of the tabs has entered a channel. Upstream they are one member, until the last of them has left. */
export class SharedMembership {
  readonly #presence: Presence;
  // The last to set a state stands last: its state is the one that others see.
  readonly #entered = new Map<VirtualConnection, Json | undefined>();
  readonly #departed = new Set<VirtualConnection>();
  readonly #onDepart: () => void;

  /** @param onDepart somebody has gone without a word: `settle` is to be called in a while */
  constructor(presence: Presence, onDepart: () => void) {
    this.#presence = presence;
    this.#onDepart = onDepart;
  }

  get empty(): boolean {
    return this.#entered.size === 0;
  }

  has(tab: VirtualConnection): boolean {
    return this.#entered.has(tab);
  }

  /** The tab enters, or changes its state. Rejects as the gateway does; then it is what it was before. */
  async enter(tab: VirtualConnection, state: Json | undefined): Promise<void> {
    const own = state ?? this.#entered.get(tab);
    await this.#presence.enter(own);
    this.#entered.delete(tab);
    this.#entered.set(tab, own);
    // It has gone while the gateway was asked.
    if (!tab.connected) this.depart(tab);
  }

  /** The tab leaves at once: the state of another one is set again, or the member leaves. */
  async leave(tab: VirtualConnection): Promise<void> {
    const wasLast = [...this.#entered.keys()].at(-1) === tab;
    if (!this.#entered.delete(tab)) return;
    if (this.empty) {
      await this.#presence.leave();
      return;
    }
    const state = [...this.#entered.values()].findLast((other) => other !== undefined);
    if (wasLast && state !== undefined) await this.#presence.enter(state);
  }

  /** The tab has gone without a word. It counts until `settle`: a reload is no leave and join. */
  depart(tab: VirtualConnection): void {
    if (!this.#entered.has(tab)) return;
    this.#departed.add(tab);
    this.#onDepart();
  }

  /** Those who have gone do not count any more. */
  settle(): void {
    for (const tab of this.#departed) this.leave(tab).catch(() => {});
    this.#departed.clear();
  }

  /** The gateway ended the membership, of all of them. */
  end(tell: (tab: VirtualConnection) => void): void {
    for (const tab of this.#entered.keys()) tell(tab);
    this.#entered.clear();
  }
}
