import type { Timer } from '../util/clock.ts';
import type { Session } from './session.ts';

/** How long before the token's end a new one is asked for: a fifth of what is left, at most this many milliseconds. */
const LEAD = 60_000;

/** Watches over the token's end: asks for a new one in time, and closes the connection when none comes. */
export class Expiry {
  readonly #session: Session;
  #timer: Timer | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @param expiresAt milliseconds since the Unix epoch; undefined: never */
  watch(expiresAt: number | undefined): void {
    this.close();
    if (expiresAt === undefined) return;
    const { clock } = this.#session.services;
    const left = Math.max(0, expiresAt - clock.now());
    this.#timer = clock.after(left - Math.min(LEAD, left / 5), () => this.#ask(expiresAt));
  }

  #ask(expiresAt: number): void {
    const { clock, settings } = this.#session.services;
    this.#session.push({ type: 'refresh', expiresAt });
    const end = expiresAt + settings.tokenGrace - clock.now();
    this.#timer = clock.after(Math.max(0, end), () => this.#session.close('token_expired'));
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
