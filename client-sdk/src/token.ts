import { backoff } from './backoff.ts';
import { clientError } from './errors.ts';
import { now } from './now.ts';
import { after, type Cancel, nothing } from './timer.ts';
import { describe, fetchToken, readToken } from './token-answer.ts';

/**
 * Why a token is asked for: `connect`, the first one; `expired`, the gateway does not take the last one any more;
 * `refresh`, the last one expires soon. For the last two it must be another token than before.
 */
export type TokenReason = 'connect' | 'expired' | 'refresh';

/** What a function may give: a JWT, or an object that has it; as your backend answers. */
export type TokenAnswer = string | { readonly token: string };

/** Fetches a token from your backend. What it throws becomes the `cause` of a `token_failed` error. */
export type TokenFunction = (request: { readonly reason: TokenReason }) => TokenAnswer | Promise<TokenAnswer>;

/** A token, or the function that fetches one. */
export type Token = string | TokenFunction;

// A token is replaced between one and two times this long before it expires: before the gateway asks for it (LEAD in
// server/src/session/expiry.ts), and spread, so that not everybody comes at once. In milliseconds, and in parts of its life.
const LEAD = 60_000;
const PART = 0.2;

// Between two refreshes lies at least this, however short the tokens live.
const PAUSE = 3000;

interface TokenSetup {
  readonly token?: Token;
  readonly tokenUrl?: string | URL;
  /** Milliseconds that the application may take. */
  readonly timeout: number;
}

/** Knows the token, and when to ask the application for another one: never twice at a time, never without need. */
export class TokenSource {
  readonly #setup: TokenSetup;
  readonly #ask: TokenFunction | undefined;
  #token: string | undefined;
  // The last one that is of no use any more.
  #dead: string | undefined;
  // 0 until the gateway has taken it.
  #expires = 0;
  #renewAt = Number.POSITIVE_INFINITY;
  // Before this no refresh begins.
  #soonest = 0;
  // One was refused: the application's cache, if it has one, must not give it again.
  #refused = false;
  #failures = 0;
  #asking: Promise<string> | undefined;
  #cancelTimer: Cancel = nothing;

  constructor(setup: TokenSetup) {
    const { token, tokenUrl } = setup;
    this.#setup = setup;
    if (typeof token === 'function') this.#ask = token;
    else if (tokenUrl) this.#ask = () => fetchToken(tokenUrl, setup.timeout);
    else if (token && readToken(token) !== token)
      throw clientError('option_invalid', '"token" must be a bare JWT, without quotes or JSON around it.');
  }

  /** Can there be another token than the one that was refused? */
  get renewable(): boolean {
    return !!this.#ask;
  }

  /**
   * The token to connect with; `undefined` connects anonymously.
   *
   * @throws SluiceError `token_failed`
   */
  async current(): Promise<string | undefined> {
    if (!this.renewable) return this.#setup.token as string | undefined;
    if (this.#expires && now() >= this.#expires) this.forget(true);
    this.#token ??= await this.#fetch(this.#refused ? 'expired' : 'connect');
    return this.#token;
  }

  /**
   * Another token for the live connection, when it is time for it. It counts once the gateway has `accepted` it.
   *
   * @param hurry the gateway says that the token expires soon; what went wrong before is tried again in its own time
   * @throws SluiceError `token_failed`
   */
  renew(hurry: boolean): Promise<string> | undefined {
    if (hurry && !this.#failures) this.#renewAt = this.#soonest;
    if (!this.renewable || now() < this.#renewAt) return undefined;
    this.#soonest = now() + PAUSE;
    // Until it is known what came of it.
    this.#renewAt = Number.POSITIVE_INFINITY;
    return this.#fetch('refresh');
  }

  /** No new token yet: goes on with the old one, and tries again. */
  failed(): void {
    this.#renewAt = now() + backoff(this.#failures++);
  }

  /** The gateway took the token, which it takes for so many milliseconds. */
  accepted(token: string | undefined, lifetime: number): void {
    this.#token = token;
    this.#failures = 0;
    this.#expires = now() + lifetime;
    const lead = Math.min(LEAD, lifetime * PART) * (1 + Math.random());
    this.#renewAt = Math.max(this.#soonest, now() + lifetime - lead);
  }

  /**
   * The token was not taken.
   *
   * @param ended it will never be again; otherwise it may be the gateway's keys that are wrong, and soon are right
   */
  forget(ended: boolean): void {
    if (this.#token) {
      this.#refused = true;
      if (ended) this.#dead = this.#token;
    }
    this.#token = undefined;
    this.#expires = 0;
  }

  /** Waits for no answer any more. */
  stop(): void {
    this.#cancelTimer();
  }

  #fetch(reason: TokenReason): Promise<string> {
    this.#asking ??= this.#call(reason).finally(() => {
      this.#asking = undefined;
      this.#cancelTimer();
    });
    return this.#asking;
  }

  async #call(reason: TokenReason): Promise<string> {
    const late = new Promise<never>((_, reject) => {
      this.#cancelTimer = after(this.#setup.timeout, () => reject(clientError('timed_out')));
    });
    let why: string | undefined;
    try {
      const given = await Promise.race([(this.#ask as TokenFunction)({ reason }), late]);
      const token = readToken(given);
      if (token && token !== this.#token && token !== this.#dead) return token;
      why = `The token callback gave ${token ? 'the old token' : describe(given)}.`;
      throw new TypeError(why);
    } catch (cause) {
      // What the application threw stays out of the message, which may go to a log.
      throw clientError('token_failed', why, cause);
    }
  }
}
