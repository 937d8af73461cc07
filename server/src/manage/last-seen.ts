import type { EventBus } from '../events.ts';
import type { Clock } from '../util/clock.ts';

/** Users that a node remembers; beyond, those who left first are forgotten. */
const MOST = 10_000;

/** When users closed their last connection to this node. */
export class LastSeen {
  /** In the order in which they left. */
  readonly #times = new Map<string, number>();

  constructor(events: EventBus, clock: Clock) {
    events.on('connectionClosed', ({ user }) => {
      if (user !== null) this.#note(user, clock.now());
    });
  }

  /** Milliseconds since the Unix epoch; `null` if the user is not remembered. */
  of(user: string): number | null {
    return this.#times.get(user) ?? null;
  }

  #note(user: string, time: number): void {
    this.#times.delete(user);
    this.#times.set(user, time);
    if (this.#times.size <= MOST) return;
    const [first] = this.#times.keys();
    if (first !== undefined) this.#times.delete(first);
  }
}
