import type { Timer } from '../util/clock.ts';
import type { SessionContext } from './session-context.ts';

/**
 * A new token is requested when a fifth of the token's lifetime is left, but at most this many
 * milliseconds before its end.
 */
const LEAD = 60_000;

/** Requests a new token before the current one expires, and closes the connection if none comes. */
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

  /** Sets the timer anew: tokens expire by the wall clock, timers run by the monotonic one. */
  reckon(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#expiresAt === undefined) return;
    const { clock, settings } = this.#session.services;
    const left = Math.max(0, this.#expiresAt - clock.now());
    if (this.#asked && left > LEAD) this.#asked = false; // the wall clock was set back
    // Once asked, the client always has the grace period, even if a clock that was set forward leaves no other time.
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
