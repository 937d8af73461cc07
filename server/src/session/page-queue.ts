import { CLIENT_RETRY, LOW_WATER } from '../channels/budgets.ts';
import { Refusal } from '../refusal.ts';
import type { Connection } from '../transport/connection.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { Permit } from './permit.ts';

/** Most pages that may wait for one connection. */
const MOST_WAITING = 1000;

/**
 * Reads pages of history and of members for one connection one by one: each after the page before
 * was sent and the reader has room.
 *
 * A page is thousands of times larger than the command that asks for it: otherwise one small frame
 * full of such commands would fill the memory and block the event loop.
 */
export class PageQueue {
  readonly #connection: Connection;
  readonly #waiting: (() => void)[] = [];
  #state: 'free' | 'reading' | 'read' = 'free';

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Reads a page: at once, or when its turn comes.
   *
   * @param permit checked when its turn comes, and again when the engine has answered: the token may have been replaced
   */
  take<Page>(permit: Permit, read: () => Page | Promise<Page>): NowOrLater<Page | Refusal> {
    if (this.#state === 'free' && this.#waiting.length === 0 && this.#hasRoom()) return this.#read(permit, read);
    if (this.#waiting.length >= MOST_WAITING) {
      return new Refusal('rate_limited', `${MOST_WAITING} pages are waiting already`, CLIENT_RETRY);
    }
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    return turn.then(() => this.#read(permit, () => this.#readIfAllowed(permit, read)));
  }

  #readIfAllowed<Page>(permit: Permit, read: () => Page | Promise<Page>): NowOrLater<Page | Refusal> {
    const refusal = permit.check();
    return refusal instanceof Promise ? refusal.then((late) => late ?? read()) : (refusal ?? read());
  }

  /** The replies were sent, or the reader has drained: continues with the next page. */
  next(): void {
    if (this.#state === 'read') this.#state = 'free';
    if (this.#state !== 'free' || !this.#hasRoom()) return;
    const turn = this.#waiting.shift();
    if (turn === undefined) return;
    this.#state = 'reading';
    turn();
  }

  #read<Page>(permit: Permit, read: () => NowOrLater<Page | Refusal>): NowOrLater<Page | Refusal> {
    this.#state = 'reading';
    let page: NowOrLater<Page | Refusal> | undefined;
    try {
      page = read();
      return page instanceof Promise ? this.#await(permit, page) : page;
    } finally {
      if (!(page instanceof Promise)) this.#done();
    }
  }

  async #await<Page>(permit: Permit, reading: Promise<Page | Refusal>): Promise<Page | Refusal> {
    try {
      const page = await reading;
      return (await permit.check()) ?? page;
    } finally {
      this.#done();
    }
  }

  #done(): void {
    this.#state = 'read';
  }

  #hasRoom(): boolean {
    return this.#connection.hasRoom(LOW_WATER);
  }
}
