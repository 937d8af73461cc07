import type { Timer } from '../util/clock.ts';
import type { SessionContext } from './session-context.ts';

/** How long before the token's end a new one is asked for: a fifth of what is left, at most this many milliseconds. */
const LEAD = 60_000;

/** Watches over the token's end: asks for a new one in time, and closes the connection when none comes. */
export class Expiry {
  readonly #session: SessionContext;
  #timer: Timer | undefined;
  #expiresAt: number | undefined;
  #asked = false;

  constructor(session: SessionContext) {
    this.#session = session;
  }

  /** @param expiresAt milliseconds since the Unix epoch; undefined: never */
  watch(expiresAt: number | undefined): void {
    this.#expiresAt = expiresAt;
    this.#asked = false;
    this.reckon();
  }

  /** Reckons anew when to ask and when to close: the token ends by the wall clock, timers run by another one. */
  reckon(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#expiresAt === undefined) return;
    const { clock, settings } = this.#session.services;
    const left = Math.max(0, this.#expiresAt - clock.now());
    if (this.#asked && left > LEAD) this.#asked = false; // the wall clock was set back
    // After it was asked the client has the grace in any case, where a clock that was set forward has taken the rest.
    if (this.#asked) this.#timer = clock.after(left + settings.tokenGrace, () => this.#session.close('token_expired'));
    else this.#timer = clock.after(left - Math.min(LEAD, left / 5), () => this.#ask());
  }

  #ask(): void {
    if (this.#expiresAt === undefined) return;
    this.#session.push({ type: 'refresh', expiresAt: this.#expiresAt });
    this.#asked = true;
    this.reckon();
  }

  close(): void {
    this.watch(undefined);
  }
}
