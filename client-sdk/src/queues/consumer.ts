import type { ConsumeResult, DeliveriesPush, GroupGapPush, Delivery as WireDelivery } from '@sluice/protocol';
import { PERMISSION_DENIED } from '../codes.ts';
import { complete } from '../complete.ts';
import { guard } from '../emitter.ts';
import type { EntryHost } from '../entry-host.ts';
import { handlerFailed } from '../handler-failed.ts';
import type { SluiceError } from '../index.ts';
import type { ChannelPush } from '../remote-resource.ts';
import { after, type Cancel, nothing } from '../timer.ts';
import { lostWork, type Registration, WorkResource } from '../work-resource.ts';
import type { ConsumeOptions, Delivery } from './api.ts';
import { NackError } from './nack-error.ts';
import { nackOf, type Settlement, Settler } from './settler.ts';
import { sha256 } from './sha256.ts';

/** The handler of a consumer. */
export type Handler = (delivery: Delivery) => unknown;

interface Work extends Registration {
  readonly handler: Handler;
  readonly options: ConsumeOptions;
}

// Milliseconds for which the gateway keeps the deliveries of a lost connection. SPEC.md section 12.2.
const GRACE = 5000;

// A delivery is extended after this part of its time.
const PART = 1 / 3;

// Characters of a key that is readable: the limit of 128 leaves room for what an application appends.
const READABLE = 100;

/** The key of the results of a delivery. The names of a group and a channel may be longer than a key. */
const keyOf = (text: string): string => (text.length > READABLE ? sha256(text) : text);

/** One consumer of a group: its messages in flight, and their settlement. SPEC.md section 12. */
export class ConsumerResource extends WorkResource<'consume', Work> {
  readonly commands = ['consume', 'stop'] as const;
  #group = '';
  #settler: Settler | undefined;
  #extendAfter = Number.POSITIVE_INFINITY;
  readonly #inFlight = new Map<string, AbortController>();
  #cancelExtension: Cancel = nothing;
  #cancelGrace: Cancel = nothing;

  open(): object {
    return { group: this.variant, prefetch: this.registration?.options.prefetch };
  }

  override closing(): object {
    return { group: this.variant };
  }

  accept({ group, ackTimeout }: ConsumeResult): void {
    this.#cancelGrace();
    this.#group = group;
    this.#settler ??= new Settler(this.host as unknown as EntryHost, { channel: this.channel, group });
    this.#extendAfter = ackTimeout * PART;
    this.registration?.settle();
    // What an earlier connection received belongs to this one from now on.
    this.#extend();
  }

  protected override report(error: SluiceError): void {
    const { onError } = this.registration?.options ?? {};
    this.host.report('error', error, { instead: onError && (() => onError(error)) });
  }

  receive(push: ChannelPush): void {
    if (!('group' in push) || push.group !== this.#group || !this.#settler) return;
    if (push.type === 'deliveries') this.#accept(push, this.#settler);
    else if (push.type === 'group_gap') this.#reportGap(push);
    else if (push.type === 'stopped') {
      this.abandon(lostWork('The consumer was ended.')); // others receive its deliveries at once
      this.refuse(this.host.refusal(PERMISSION_DENIED, 'permission_denied', this.ended(push)));
    }
  }

  override lose(): void {
    this.#cancelExtension();
    this.#cancelGrace();
    this.#cancelGrace = after(GRACE, () =>
      this.#abort([...this.#inFlight.keys()], lostWork('The connection was lost.')),
    );
    super.lose();
  }

  protected override get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  protected override abandon(reason: SluiceError): void {
    this.#cancelExtension();
    this.#cancelGrace();
    this.#abort([...this.#inFlight.keys()], reason);
  }

  #reportGap({ channel, group, from, to, reason }: GroupGapPush): void {
    const { onGap } = this.registration?.options ?? {};
    const lost = from.epoch === to.epoch ? to.offset - from.offset : undefined;
    const instead = onGap && (() => onGap({ channel, group, from, to, reason }));
    this.host.report('gap', { channel, from, to, reason, lost }, { instead });
  }

  #accept({ epoch, deliveries }: DeliveriesPush, settler: Settler): void {
    if (this.#inFlight.size === 0) this.#extendLater();
    for (const delivery of deliveries) {
      const controller = new AbortController();
      this.#inFlight.set(delivery.id, controller);
      void this.#process(this.#faceOf(delivery, epoch, controller.signal), delivery.id, settler);
    }
  }

  #faceOf({ attempt, message }: WireDelivery, epoch: string, signal: AbortSignal): Delivery {
    const key = keyOf([this.#group, this.channel, epoch, message.offset].join(':'));
    return { message: complete(message, this.channel, epoch), attempt, key, signal };
  }

  async #process(delivery: Delivery, id: string, settler: Settler): Promise<void> {
    const work = this.registration as Work;
    work.inHand++;
    try {
      const settlement = await this.#run(work, delivery);
      // A lost delivery is another consumer's.
      if (!delivery.signal.aborted) await settler.settle(id, settlement);
    } finally {
      this.#inFlight.delete(id);
      if (this.#inFlight.size === 0) this.#cancelExtension();
      this.finished(work);
    }
  }

  async #run({ handler, options }: Work, delivery: Delivery): Promise<Settlement> {
    try {
      await handler(delivery);
      return { type: 'ack' };
    } catch (error) {
      // A `NackError` is the handler's choice, not a failure.
      if (error instanceof NackError) return nackOf(error);
      if (options.onError) guard(options.onError, error as Error, delivery);
      else handlerFailed(this.channel, error);
      return nackOf(error);
    }
  }

  /** Restarts the time of all deliveries in flight. */
  #extend(): void {
    const deliveries = [...this.#inFlight.keys()];
    if (deliveries.length === 0) return;
    this.#extendLater();
    this.host.calls.start(
      { type: 'extend', channel: this.channel, group: this.#group, deliveries },
      {
        accept: ({ expired = [] }) => this.#abort(expired, lostWork('The delivery has expired.')),
        refuse: ({ name, message }) => {
          if (name === 'delivery_expired') this.#abort(deliveries, lostWork(message));
        },
      },
    );
  }

  #extendLater(): void {
    this.#cancelExtension();
    this.#cancelExtension = after(Math.min(this.#extendAfter, 2 ** 31 - 1), () => this.#extend());
  }

  #abort(ids: readonly string[], reason: SluiceError): void {
    for (const id of ids) this.#inFlight.get(id)?.abort(reason);
  }
}
