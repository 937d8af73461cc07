import type { Json } from '@sluice/protocol';
import type { Presence } from '../presence-api.ts';
import type { Session } from './session.ts';

/** Who of the tabs has entered a channel. Upstream they are one member, until the last of them has left. */
export class Crowd {
  readonly #presence: Presence;
  // The last to set a state stands last: its state is the one that others see.
  readonly #entered = new Map<Session, Json | undefined>();
  readonly #departed = new Set<Session>();
  readonly #onDepart: () => void;

  /** @param onDepart somebody has gone without a word: `settle` is to be called in a while */
  constructor(presence: Presence, onDepart: () => void) {
    this.#presence = presence;
    this.#onDepart = onDepart;
  }

  get empty(): boolean {
    return this.#entered.size === 0;
  }

  has(session: Session): boolean {
    return this.#entered.has(session);
  }

  /** The tab enters, or changes its state. Rejects as the gateway does; then it is what it was before. */
  async enter(session: Session, state: Json | undefined): Promise<void> {
    const own = state ?? this.#entered.get(session);
    await this.#presence.enter(own);
    this.#entered.delete(session);
    this.#entered.set(session, own);
    // It has gone while the gateway was asked.
    if (!session.connected) this.depart(session);
  }

  /** The tab leaves at once: the state of another one is set again, or the member leaves. */
  async leave(session: Session): Promise<void> {
    const wasLast = [...this.#entered.keys()].at(-1) === session;
    if (!this.#entered.delete(session)) return;
    if (this.empty) {
      await this.#presence.leave();
      return;
    }
    const state = [...this.#entered.values()].findLast((other) => other !== undefined);
    if (wasLast && state !== undefined) await this.#presence.enter(state);
  }

  /** The tab has gone without a word. It counts until `settle`: a reload is no leave and join. */
  depart(session: Session): void {
    if (!this.#entered.has(session)) return;
    this.#departed.add(session);
    this.#onDepart();
  }

  /** Those who have gone do not count any more. */
  settle(): void {
    for (const session of this.#departed) this.leave(session).catch(() => {});
    this.#departed.clear();
  }

  /** The gateway ended the membership, of all of them. */
  end(tell: (session: Session) => void): void {
    for (const session of this.#entered.keys()) tell(session);
    this.#entered.clear();
  }
}
