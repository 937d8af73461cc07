import type { Clock } from '../util/clock.ts';
import type { HttpReply, HttpSide, Request } from './http.ts';

/** Counts the requests that are not answered yet, so that a gateway that stops can answer them. */
export class OpenRequests implements HttpSide {
  readonly #side: HttpSide;
  #open = 0;
  #tellIdle: (() => void) | undefined;

  constructor(side: HttpSide) {
    this.#side = side;
  }

  wantsBody: HttpSide['wantsBody'] = (head) => this.#side.wantsBody(head);

  async handle(request: Request): Promise<HttpReply> {
    this.#open++;
    try {
      return await this.#side.handle(request);
    } finally {
      if (--this.#open === 0) this.#tellIdle?.();
    }
  }

  /** Resolves when all requests are answered, after `most` milliseconds at the latest. A response that streams counts as answered. */
  async idle(most: number, clock: Clock): Promise<void> {
    if (this.#open === 0 || most === 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(most, resolve);
      this.#tellIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
