import type { Push } from '@sluice/protocol';
import { LOW_WATER } from '../channels/budgets.ts';
import type { Subscriber } from '../channels/subscriber.ts';

/** Bytes of pushes that are held until the end of the turn. */
const MOST_HELD = 16_384;

/** Pushes to a connection whose size counts against its buffer before the turn ends. */
export class PacedPushes {
  readonly #subscriber: Subscriber;
  #held = 0;

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
  }

  /** May more be pushed? Otherwise the connection's `drained` follows. */
  get hasRoom(): boolean {
    return this.#subscriber.connection.hasRoom(LOW_WATER);
  }

  /** @param size bytes of the push, approximately */
  push(push: Push, size: number): void {
    this.#subscriber.push(push);
    this.#held += size;
    if (this.#held < MOST_HELD) return;
    this.#held = 0;
    this.#subscriber.release();
  }
}
