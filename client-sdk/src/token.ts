import { clientError } from './errors.ts';

/**
 * Why a token is asked for: `connect`, the first one; `expired`, the gateway did not take the last one any more;
 * `refresh`, the gateway says that the last one expires soon.
 */
export type TokenReason = 'connect' | 'expired' | 'refresh';

/** Fetches a token from your backend. What it throws becomes the `cause` of a `token_failed` error. */
export type TokenFunction = (request: { readonly reason: TokenReason }) => string | Promise<string>;

/** A token, or the function that fetches one. */
export type Token = string | TokenFunction;

/** Knows the token, and when to ask the application for another one: never twice at a time, never without need. */
export class TokenSource {
  readonly #source: Token | undefined;
  #token: string | undefined;
  #expires = Number.POSITIVE_INFINITY;
  #reason: TokenReason = 'connect';
  #asking: Promise<string> | undefined;
  /** The gateway has taken this token before. */
  #proven = false;

  constructor(source: Token | undefined) {
    this.#source = source;
  }

  /** Can there be another token than the one that was refused? */
  get renewable(): boolean {
    return typeof this.#source === 'function';
  }

  /** Was the token good once? Then a refusal means that the gateway's keys have changed, and another may be good again. */
  get outdated(): boolean {
    return this.renewable && this.#proven;
  }

  /**
   * The token to connect with; `undefined` connects anonymously.
   *
   * @throws SluiceError `token_failed`
   */
  async current(): Promise<string | undefined> {
    if (typeof this.#source !== 'function') return this.#source;
    if (Date.now() >= this.#expires) this.forget('expired');
    this.#token ??= await this.ask(this.#reason);
    return this.#token;
  }

  /**
   * A new token from the application. It is kept only when the gateway has `accepted` it, or when `current` asked.
   *
   * @throws SluiceError `token_failed`
   */
  ask(reason: TokenReason): Promise<string> {
    this.#asking ??= this.#ask(reason).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** The gateway took the token. */
  accepted(token: string | undefined, lifetime: number): void {
    this.#token = token;
    this.#proven = true;
    this.#expires = Date.now() + lifetime;
  }

  /** The token is of no use any more, nor one that is still being asked for; the next one is asked for with this reason. */
  forget(reason = this.#reason): void {
    this.#token = undefined;
    this.#proven = false;
    this.#asking = undefined;
    this.#expires = Number.POSITIVE_INFINITY;
    this.#reason = reason;
  }

  async #ask(reason: TokenReason): Promise<string> {
    try {
      const token: unknown = await (this.#source as TokenFunction)({ reason });
      if (typeof token === 'string' && token) return token;
      throw new TypeError('No token was returned.');
    } catch (cause) {
      throw clientError('token_failed', cause);
    }
  }
}
