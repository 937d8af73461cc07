import type { Draft, Json, PublishResult } from '@sluice/protocol';
import { ENGINE_RETRY } from '../channels/budgets.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { Delivery, GroupGap, Outcome } from '../engine/groups.ts';
import type { Timer } from '../util/clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { GroupTarget } from './group-names.ts';
import type { Groups } from './groups.ts';
import { type ConsumeFunction, NackError, type ProgramDelivery, resultKey } from './program-delivery.ts';
import type { Batch, Receiver } from './receiver.ts';

/** Characters of an error that a dead letter keeps. */
const LONGEST_ERROR = 256;

export interface ProgramConsumerParts {
  readonly groups: Groups;
  readonly target: GroupTarget;
  readonly handler: ConsumeFunction;
  readonly prefetch: number;
  readonly onGap?: ((gap: GroupGap) => void) | undefined;
  readonly publish: (channel: string, data: Json, options: Omit<Draft, 'data'>) => Promise<PublishResult>;
}

/** A delivery that the function processes. */
interface Running {
  readonly id: string;
  readonly abort: AbortController;
  timer: Timer | undefined;
}

/** A function of the program as a consumer: acknowledges what it has processed, and extends what it still processes. */
export class ProgramConsumer implements Receiver {
  readonly #parts: ProgramConsumerParts;
  readonly #dispatcher: Dispatcher;
  readonly #running = new Map<Running, Promise<void>>();
  #state: 'consuming' | 'stopping' | 'over' = 'consuming';

  constructor(parts: ProgramConsumerParts) {
    this.#parts = parts;
    this.#dispatcher = parts.groups.dispatcher(parts.target.ref);
    this.#dispatcher.add(this);
  }

  get room(): number {
    return this.#state === 'consuming' ? Math.max(0, this.#parts.prefetch - this.#running.size) : 0;
  }

  receive({ epoch, deliveries }: Batch): void {
    for (const delivery of deliveries) {
      const running: Running = { id: delivery.id, abort: new AbortController(), timer: undefined };
      this.#extendLater(running);
      this.#running.set(running, this.#process(running, delivery, epoch));
    }
  }

  gap(gap: GroupGap): void {
    void this.#reportGap(gap);
  }

  /** A gap whose function fails counts as not received: it is reported again. */
  async #reportGap(gap: GroupGap): Promise<void> {
    const { onGap } = this.#parts;
    try {
      await onGap?.(gap);
      this.#dispatcher.gapsReceived([gap]);
    } catch (error) {
      this.#report('onGap', error);
    }
  }

  /** Its deliveries are extended. */
  expire(): void {}

  get nextExpiry(): number {
    return Number.POSITIVE_INFINITY;
  }

  groupRemoved(): void {
    void this.stop();
  }

  /** Receives no more, and resolves when everything that it has received is settled. */
  async stop(): Promise<void> {
    if (this.#state === 'consuming') this.#state = 'stopping';
    this.#dispatcher.remove(this);
    await Promise.all(this.#running.values());
  }

  /** What still runs is abandoned: its deliveries expire. */
  gatewayStops(): void {
    this.#state = 'over';
    this.#dispatcher.remove(this);
    for (const running of this.#running.keys()) this.#lose(running);
  }

  async #process(running: Running, delivery: Delivery, epoch: string): Promise<void> {
    try {
      const outcome = await this.#handle(running, delivery, epoch);
      running.timer?.cancel();
      if (!running.abort.signal.aborted) await this.#settle(running, outcome);
    } catch (error) {
      this.#report('a delivery', error);
    } finally {
      running.timer?.cancel();
      this.#running.delete(running);
      this.#dispatcher.mark();
    }
  }

  #report(what: string, error: unknown): void {
    const { groups, target } = this.#parts;
    groups.events.emit('fault', { where: `consume: ${what} of "${target.ref.channel}"`, error });
  }

  async #handle(running: Running, { attempt, message }: Delivery, epoch: string): Promise<Outcome> {
    const { handler, publish, target } = this.#parts;
    let published = 0;
    const delivery: ProgramDelivery = {
      ...{ ...target.ref, epoch, attempt, message: message.message, signal: running.abort.signal },
      publish: (channel, data, options = {}) =>
        publish(channel, data, { key: resultKey(delivery, ++published), ...options }),
    };
    try {
      await handler(delivery);
      return { type: 'ack' };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  /** Settles a delivery, again and again while the engine is away. */
  async #settle({ id, abort }: Running, outcome: Outcome): Promise<void> {
    const { groups, target } = this.#parts;
    while (this.#state !== 'over' && !abort.signal.aborted) {
      try {
        await groups.settle(target, { ids: [id], outcome });
        return;
      } catch (error) {
        refuseUnavailable(error);
        await new Promise<void>((resolve) => groups.clock.after(ENGINE_RETRY, resolve));
      }
    }
  }

  #extendLater(running: Running): void {
    const { groups, target } = this.#parts;
    const { ackTimeout } = target.rule.delivery;
    running.timer = groups.clock.after(ackTimeout / 3, () => {
      this.#extend(running).catch((error: unknown) => this.#report('the extension of a delivery', error));
    });
  }

  async #extend(running: Running): Promise<void> {
    const { groups, target } = this.#parts;
    try {
      const { expired } = await groups.settle(target, { ids: [running.id], outcome: { type: 'extend' } });
      if (expired.length > 0) return this.#lose(running);
    } catch (error) {
      refuseUnavailable(error); // the next attempt may still be in time
    }
    if (this.#running.has(running) && this.#state !== 'over') this.#extendLater(running);
  }

  #lose({ timer, abort }: Running): void {
    timer?.cancel();
    abort.abort();
  }
}

/** What comes of a delivery whose handler has failed. */
function outcomeOf(error: unknown): Outcome {
  const why = (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_ERROR);
  if (!(error instanceof NackError)) return { type: 'nack', error: why };
  if (error.dead) return { type: 'reject', error: why };
  const { delay } = error;
  return { type: 'nack', error: why, ...(delay !== undefined && { delay: Math.round(delay) }) };
}
