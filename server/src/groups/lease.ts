import type { Clock, Timer } from '../util/clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Batch, Receiver } from './receiver.ts';

/** One request for deliveries: it receives one batch, or none in time. */
export class Lease implements Receiver {
  readonly #dispatcher: Dispatcher;
  readonly #max: number;
  readonly #timer: Timer;
  readonly #batch: Promise<Batch | null>;
  #resolve: (batch: Batch | null) => void = () => {};
  #over = false;

  constructor(dispatcher: Dispatcher, { max, wait, clock }: { max: number; wait: number; clock: Clock }) {
    this.#dispatcher = dispatcher;
    this.#max = max;
    this.#batch = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = clock.after(wait, () => this.end());
    dispatcher.add(this);
  }

  /** The deliveries; `null`: there were none in time. */
  get batch(): Promise<Batch | null> {
    return this.#batch;
  }

  get room(): number {
    return this.#over ? 0 : this.#max;
  }

  receive(batch: Batch): void {
    this.#finish(batch);
  }

  /** Its requester has gone, or the time is over. */
  end(): void {
    this.#finish(null);
  }

  #finish(batch: Batch | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#resolve(batch);
    this.#dispatcher.remove(this);
  }

  /** The statistics of the group show it; a reply has no room for it. */
  gap(): void {}

  expire(): void {}

  get nextExpiry(): number {
    return Number.POSITIVE_INFINITY;
  }

  groupRemoved(): void {
    this.end();
  }

  gatewayStops(): void {
    this.end();
  }
}
