import type { ConsumeResult, DeliveriesPush, GroupGapPush, Delivery as WireDelivery } from '@sluice/protocol';
import { CONNECTION_LOST, PERMISSION_DENIED } from '../codes.ts';
import { complete } from '../complete.ts';
import type { EntryHost } from '../entry-host.ts';
import { handlerFailed } from '../handler-failed.ts';
import { SluiceError } from '../index.ts';
import { type ChannelPush, RemoteResource } from '../remote-resource.ts';
import type { Ending } from '../subscriber.ts';
import { after, type Cancel, nothing } from '../timer.ts';
import type { ConsumeOptions, Delivery } from './api.ts';
import { nackOf, Settler } from './settler.ts';

/** The handler of a consumer. */
export type Handler = (delivery: Delivery) => unknown;

interface Work {
  readonly handler: Handler;
  readonly options: ConsumeOptions;
  /** Called when the gateway has accepted the consumer, or with the error if it has ended. */
  settle(error?: unknown): void;
}

// Milliseconds for which the gateway keeps the deliveries of a lost connection. SPEC.md section 12.2.
const GRACE = 5000;

// A delivery is extended after this part of its time.
const PART = 1 / 3;

/** One consumer of a group: its messages in flight, and their settlement. SPEC.md section 12. */
export class ConsumerResource extends RemoteResource<'consume'> {
  readonly commands = ['consume', 'stop'] as const;
  wanted = false;
  #work: Work | undefined;
  #group = '';
  #settler: Settler | undefined;
  #extendAfter = Number.POSITIVE_INFINITY;
  readonly #inFlight = new Map<string, AbortController>();
  #cancelExtension: Cancel = nothing;
  #cancelGrace: Cancel = nothing;
  #idle = nothing;

  /** Begins to consume. */
  begin(work: Work): void {
    this.#work = work;
    this.wanted = true;
    this.reconcile();
  }

  /** Receives no further messages. Resolves when those in flight are settled. */
  finish(): Promise<void> {
    this.wanted = false;
    this.#work?.settle(new Error(`${this.channel}: stopped before the gateway accepted the consumer.`));
    this.reconcile();
    return new Promise((resolve) => {
      const before = this.#idle;
      this.#idle = () => {
        before();
        resolve();
      };
      this.#settleIdle();
    });
  }

  open(): object {
    return { group: this.variant, prefetch: this.#work?.options.prefetch };
  }

  override closing(): object {
    return { group: this.variant };
  }

  accept({ group, ackTimeout }: ConsumeResult): void {
    this.#cancelGrace();
    this.#group = group;
    this.#settler ??= new Settler(this.host as unknown as EntryHost, { channel: this.channel, group });
    this.#extendAfter = ackTimeout * PART;
    this.#work?.settle();
    // What an earlier connection received belongs to this one from now on.
    this.#extend();
  }

  refuse(error: SluiceError): void {
    this.wanted = false;
    this.on = false;
    this.fail(error);
    this.#work?.settle(error);
    this.reconcile();
  }

  /** Refused, and retried automatically. */
  fail(error: SluiceError): void {
    const { onError } = this.#work?.options ?? {};
    this.host.report('error', error, { instead: onError && (() => onError(error)) });
  }

  receive(push: ChannelPush): void {
    if (!('group' in push) || push.group !== this.#group || !this.#settler) return;
    if (push.type === 'deliveries') this.#accept(push, this.#settler);
    else if (push.type === 'group_gap') this.#reportGap(push);
    else if (push.type === 'stopped') {
      this.refuse(this.host.refusal(PERMISSION_DENIED, 'permission_denied', this.ended(push.reason)));
    }
  }

  override lose(): void {
    this.#cancelExtension();
    this.#cancelGrace();
    this.#cancelGrace = after(GRACE, () => this.#abort([...this.#inFlight.keys()], 'The connection was lost.'));
    super.lose();
  }

  override unused(): void {
    super.unused();
    this.#settleIdle();
  }

  end(_state: 'ended', { error = this.host.calls.ended }: Ending): void {
    this.wanted = false;
    this.#cancelExtension();
    this.#cancelGrace();
    this.#abort([...this.#inFlight.keys()], 'The client was closed.');
    this.#work?.settle(error);
    this.halt();
    this.unused();
  }

  #reportGap({ channel, group, from, to, reason }: GroupGapPush): void {
    const { onGap } = this.#work?.options ?? {};
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
    const key = [this.#group, this.channel, epoch, message.offset].join(':');
    return { message: complete(message, this.channel, epoch), attempt, key, signal };
  }

  async #process(delivery: Delivery, id: string, settler: Settler): Promise<void> {
    const { handler, options } = this.#work as Work;
    const settlement = await this.#run(handler, delivery).catch((error) => {
      if (options.onError) options.onError(error, delivery);
      else handlerFailed(this.channel, error);
      return nackOf(error);
    });
    // A lost delivery is another consumer's.
    if (!delivery.signal.aborted) await settler.settle(id, settlement);
    this.#inFlight.delete(id);
    this.#settleIdle();
  }

  async #run(handler: Handler, delivery: Delivery): Promise<{ readonly type: 'ack' }> {
    await handler(delivery);
    return { type: 'ack' };
  }

  /** Restarts the time of all deliveries in flight. */
  #extend(): void {
    const deliveries = [...this.#inFlight.keys()];
    if (deliveries.length === 0) return;
    this.#extendLater();
    this.host.calls.start(
      { type: 'extend', channel: this.channel, group: this.#group, deliveries },
      {
        accept: ({ expired = [] }) => this.#abort(expired, 'The delivery has expired.'),
        refuse: ({ name, message }) => {
          if (name === 'delivery_expired') this.#abort(deliveries, message);
        },
      },
    );
  }

  #extendLater(): void {
    this.#cancelExtension();
    this.#cancelExtension = after(Math.min(this.#extendAfter, 2 ** 31 - 1), () => this.#extend());
  }

  #abort(ids: readonly string[], message: string): void {
    const reason = new SluiceError({ code: CONNECTION_LOST, name: 'connection_lost', message, retryable: true });
    for (const id of ids) this.#inFlight.get(id)?.abort(reason);
  }

  #settleIdle(): void {
    if (this.#inFlight.size === 0) this.#cancelExtension();
    if (this.wanted || this.#inFlight.size > 0 || this.on || this.phase === 'opening') return;
    this.#idle();
    this.#idle = nothing;
  }
}
