import type { LoggedMessage } from '../engine/logged-message.ts';
import { AgeClock } from '../util/age-clock.ts';
import type { Clock } from '../util/clock.ts';

/** Decides which messages of a log have expired: readers of the log skip them. SPEC.md section 5.2. */
export class Expiry {
  readonly #age: AgeClock;

  constructor(clock: Clock) {
    this.#age = new AgeClock(clock);
  }

  /** The messages that have not expired; the same array if none has. */
  current(messages: readonly LoggedMessage[]): readonly LoggedMessage[] {
    if (messages.every(({ expiresAt }) => expiresAt === undefined)) return messages;
    const now = this.#age.now();
    const current = messages.filter(({ expiresAt = now + 1 }) => expiresAt > now);
    return current.length === messages.length ? messages : current;
  }
}
