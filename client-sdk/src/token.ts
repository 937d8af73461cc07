import { backoff } from './backoff.ts';
import { clientError } from './errors.ts';
import { now } from './now.ts';
import { invalid } from './options.ts';
import { after, type Cancel, nothing } from './timer.ts';
import { fetchToken, readToken } from './token-answer.ts';

/**
 * Why a token is requested. `connect`: the first one. `expired`: the gateway no longer accepts the
 * previous one. `refresh`: the previous one expires soon. `expired` and `refresh` need a new token.
 */
export type TokenReason = 'connect' | 'expired' | 'refresh';

/** The result of a token function: a JWT, or an object that contains it, like a backend's response. */
export type TokenAnswer = string | { readonly token: string };

/** Fetches a token from your backend. What it throws becomes the `cause` of a `token_failed` error. */
export type TokenFunction = (request: { readonly reason: TokenReason }) => TokenAnswer | Promise<TokenAnswer>;

/** A token, or the function that fetches one. */
export type Token = string | TokenFunction;

// A token is replaced between one and two times this long before it expires: before the gateway asks
// for it (LEAD in server/src/session/expiry.ts), and spread over time, so that clients do not
// refresh all at once. In milliseconds, and as a fraction of its lifetime.
const LEAD = 60_000;
const PART = 0.2;

// Minimum milliseconds between two refreshes, even if tokens expire sooner.
const PAUSE = 3000;

interface TokenSetup {
  readonly token?: Token;
  readonly tokenUrl?: string | URL;
  /** Milliseconds to wait for the application. */
  readonly timeout: number;
}

/** Holds the token, and requests a new one when it is needed: one request at a time. */
export class TokenSource {
  readonly #setup: TokenSetup;
  readonly #ask: TokenFunction | undefined;
  #token: string | undefined;
  // The last token that is permanently unusable.
  #dead: string | undefined;
  // 0 until the gateway has accepted it.
  #expires = 0;
  #renewAt = Number.POSITIVE_INFINITY;
  // No refresh begins before this time.
  #soonest = 0;
  // A token was refused: the application must not return it from a cache.
  #refused = false;
  #failures = 0;
  #asking: Promise<string> | undefined;
  #cancelTimer: Cancel = nothing;

  constructor(setup: TokenSetup) {
    const { token, tokenUrl } = setup;
    this.#setup = setup;
    if (typeof token === 'function') this.#ask = token;
    else if (tokenUrl) this.#ask = () => fetchToken(tokenUrl, setup.timeout);
    else if (token && readToken(token) !== token) throw invalid('token', 'a bare JWT', 'quoted or JSON');
  }

  /** Can the application supply another token? */
  get renewable(): boolean {
    return !!this.#ask;
  }

  /**
   * Returns the token to connect with; `undefined` connects anonymously.
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
   * Returns a new token for the open connection if a refresh is due. Call `accepted` when the gateway
   * has accepted it.
   *
   * @param hurry the gateway asked for a new token. After a failure the backoff still applies
   * @throws SluiceError `token_failed`
   */
  renew(hurry: boolean): Promise<string> | undefined {
    if (hurry && !this.#failures) this.#renewAt = this.#soonest;
    if (!this.renewable || now() < this.#renewAt) return undefined;
    this.#soonest = now() + PAUSE;
    // Until `accepted` or `failed`.
    this.#renewAt = Number.POSITIVE_INFINITY;
    return this.#fetch('refresh');
  }

  /** The refresh failed: the old token stays, and a later refresh is scheduled. */
  fail(): void {
    this.#renewAt = now() + backoff(this.#failures++);
  }

  /** The gateway accepted the token. @param lifetime milliseconds until it expires */
  accept(token: string | undefined, lifetime: number): void {
    this.#token = token;
    this.#failures = 0;
    this.#expires = now() + lifetime;
    const lead = Math.min(LEAD, lifetime * PART) * (1 + Math.random());
    this.#renewAt = Math.max(this.#soonest, now() + lifetime - lead);
  }

  /**
   * The gateway refused the token.
   *
   * @param ended permanently; otherwise the gateway may accept it later, e.g. with other keys
   */
  forget(ended: boolean): void {
    if (this.#token) {
      this.#refused = true;
      if (ended) this.#dead = this.#token;
    }
    this.#token = undefined;
    this.#expires = 0;
  }

  /** Stops waiting for the application. */
  halt(): void {
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
      // Nothing of what it gave, which may be secret.
      const kind = /^\s*</.test(given as string) ? 'HTML' : typeof given;
      why = `The token callback gave ${token ? 'the old token' : kind}.`;
      throw new TypeError(why);
    } catch (cause) {
      // The message may go to a log, so it does not contain what the application threw.
      throw clientError('token_failed', why, cause);
    }
  }
}
