import { expiryOf } from './identity.ts';

/** A tab that can be asked for a token. */
export interface TokenHolder {
  /** Asks the tab's application for a new token. The tab answers with `offer`, or not at all. */
  askToken(): void;
}

// Milliseconds until the next tab is asked as well, and until the broker gives up.
const INTERVAL = 5000;
const LIMIT = 60_000;

/** Obtains tokens for the shared connection. Any tab may answer, so a dead or busy one blocks nobody. */
export class TokenBroker {
  /** The token that the gateway received last. */
  handed: string | undefined;
  #offered: string | undefined;
  #waiting: ((token: string) => void) | undefined;
  #stopAsking = () => {};
  readonly #holders: () => Iterable<TokenHolder>;

  /** @param holders the tabs that can be asked now */
  constructor(holders: () => Iterable<TokenHolder>) {
    this.#holders = holders;
  }

  /** A tab supplies its token: with `connect`, or because it was asked. */
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
      this.#askAll(() => reject(new Error('No tab supplied a token.')));
    });
  }

  /** Stops asking. */
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
    const every = setInterval(askNext, INTERVAL);
    const limit = setTimeout(() => {
      this.#stopAsking();
      giveUp();
    }, LIMIT);
    this.#stopAsking = () => {
      clearInterval(every);
      clearTimeout(limit);
      this.#waiting = undefined;
      this.#stopAsking = () => {};
    };
    askNext();
  }
}
