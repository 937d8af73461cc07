import type { GroupGap } from '../engine/groups.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Batch, Receiver } from './receiver.ts';

/** What a request that waited gets: gaps may come without a delivery. */
export type Leased = Pick<Batch, 'gaps'> & Partial<Batch>;

export interface LeaseRequestOptions {
  /** Maximum deliveries. */
  readonly max: number;
  /** Milliseconds. */
  readonly wait: number;
  readonly clock: Clock;
}

/** A request that waits for deliveries: it receives one batch, or none in time. */
export class LeaseRequest implements Receiver {
  readonly #dispatcher: Dispatcher;
  readonly #max: number;
  readonly #timer: Timer;
  /** The deliveries and gaps; `null`: there were none in time. */
  readonly batch: Promise<Leased | null>;
  #resolve: (batch: Leased | null) => void = () => {};
  readonly #gaps: GroupGap[] = [];
  #state: 'waiting' | 'late' | 'over' = 'waiting';

  constructor(dispatcher: Dispatcher, { max, wait, clock }: LeaseRequestOptions) {
    this.#dispatcher = dispatcher;
    this.#max = max;
    this.batch = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = clock.after(wait, () => this.#timeOut());
    dispatcher.add(this);
  }

  get room(): number {
    return this.#state === 'over' ? 0 : this.#max;
  }

  receive(batch: Batch): void {
    this.#finish(batch);
  }

  /** Its requester has gone. */
  cancel(): void {
    this.#finish(null);
  }

  /** The gateway stops: it waits no longer. */
  endWait(): void {
    if (this.#state !== 'waiting') return;
    this.#timer.cancel();
    this.#timeOut();
  }

  /** What a claim on its way brings is for this request, too: otherwise nobody would have it. */
  #timeOut(): void {
    if (this.#dispatcher.isClaiming) this.#state = 'late';
    else this.#finish(null);
  }

  claimEnded(): void {
    if (this.#state === 'late' || this.#gaps.length > 0) this.#finish(null);
  }

  #finish(batch: Batch | null): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#timer.cancel();
    this.#resolve(this.#gaps.length === 0 ? batch : { ...batch, gaps: this.#gaps });
    this.#dispatcher.remove(this);
  }

  gap(gap: GroupGap): void {
    this.#gaps.push(gap);
  }

  expire(): void {}

  get nextExpiry(): number {
    return Number.POSITIVE_INFINITY;
  }

  groupRemoved(): void {
    this.cancel();
  }

  gatewayStops(): void {
    this.cancel();
  }
}
