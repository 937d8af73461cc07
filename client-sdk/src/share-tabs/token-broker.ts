import { expiryOf } from './identity.ts';

/** A tab that may be asked for a token. */
export interface TokenHolder {
  /** Asks the tab's application for a fresh token; the answer, if any, comes as an offer. */
  askToken(): void;
}

// How long one tab may think about it before the next one is asked as well, and how long all together. In milliseconds.
const PATIENCE = 5000;
const LIMIT = 60_000;

/** Gets tokens for the connection that the tabs share. Any of them may answer; one that is dead or busy holds nobody up. */
export class TokenBroker {
  /** The one that the gateway was given last. */
  handed: string | undefined;
  #offered: string | undefined;
  #waiting: ((token: string) => void) | undefined;
  #stopAsking = () => {};
  readonly #holders: () => Iterable<TokenHolder>;

  /** @param holders the tabs that may be asked now */
  constructor(holders: () => Iterable<TokenHolder>) {
    this.#holders = holders;
  }

  /** A tab brings its token: with `connect`, or because it was asked. */
  offer(token: string | undefined): void {
    if (token === undefined) return;
    const older = (expiryOf(token) ?? 0) < (expiryOf(this.#offered) ?? 0);
    if (!older || this.#waiting) this.#offered = token;
    this.#waiting?.(token);
  }

  /** The token function of the upstream client. */
  take(): string | Promise<string> {
    if (this.#offered !== undefined && this.#offered !== this.handed) return this.#hand(this.#offered);
    return new Promise((resolve, reject) => {
      this.#stopAsking();
      this.#waiting = (token) => {
        this.#stopAsking();
        resolve(this.#hand(token));
      };
      this.#askAll(() => reject(new Error('No tab gave a token.')));
    });
  }

  /** Asks nobody any more. */
  close(): void {
    this.#stopAsking();
  }

  #hand(token: string): string {
    this.handed = token;
    return token;
  }

  #askAll(giveUp: () => void): void {
    const asked = new Set<TokenHolder>();
    const askNext = () => {
      const next = [...this.#holders()].find((holder) => !asked.has(holder));
      if (!next) return;
      asked.add(next);
      next.askToken();
    };
    const every = setInterval(askNext, PATIENCE);
    const end = setTimeout(() => {
      this.#stopAsking();
      giveUp();
    }, LIMIT);
    this.#stopAsking = () => {
      clearInterval(every);
      clearTimeout(end);
      this.#waiting = undefined;
      this.#stopAsking = () => {};
    };
    askNext();
  }
}
