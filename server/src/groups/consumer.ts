import type { Message } from '@sluice/protocol';
import { LOW_WATER } from '../channels/budgets.ts';
import { type EndReason, type GatewayEnding, gatewayEnding, type Kind, type Standing } from '../channels/standing.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import type { Delivery, GroupGap } from '../engine/groups.ts';
import type { Dispatcher } from './dispatcher.ts';
import { HeldDeliveries } from './held-deliveries.ts';
import type { Batch, Receiver } from './receiver.ts';
import { SentGaps } from './sent-gaps.ts';

/** Consumers, by channel and group. */
export const CONSUMERS: Kind<Consumer> = { name: 'consumer' };

/** Consumers that the client has stopped, and whose deliveries it may still settle; keys as those of consumers. */
export const FINISHING_CONSUMERS: Kind<Consumer> = { name: 'finishing consumer' };

/** The key of a consumer on its connection. A channel name has no space. */
export const consumerKey = (channel: string, group: string): string => `${channel} ${group}`;

/** Milliseconds after the end of a connection in which its deliveries can be settled by the next one. */
export const RELEASE_GRACE = 5_000;

/**
 * A delivery in a push. Not a literal: many survive a collection, because they wait for the end of
 * the turn. V8 would then allocate the objects of the literal in the old generation, and all of them
 * would keep their messages alive until the next full collection.
 */
class SentDelivery {
  readonly id: string;
  readonly attempt: number;
  readonly deadline: number;
  readonly message: Message;

  constructor({ id, attempt, message: { message } }: Delivery, deadline: number) {
    this.id = id;
    this.attempt = attempt;
    this.deadline = deadline;
    this.message = message;
  }
}

/** A connection that receives messages of a group. SPEC.md section 12. */
export class Consumer implements Standing, Receiver {
  readonly #subscriber: Subscriber;
  readonly #dispatcher: Dispatcher;
  /** Maximum deliveries that it has not settled. */
  readonly prefetch: number;
  readonly #held = new HeldDeliveries();
  #gaps: SentGaps | undefined;
  #state: 'consuming' | 'finishing' | 'ended' = 'consuming';

  constructor(subscriber: Subscriber, dispatcher: Dispatcher, prefetch: number) {
    this.#subscriber = subscriber;
    this.#dispatcher = dispatcher;
    this.prefetch = prefetch;
  }

  /** Begins to receive. */
  start(): void {
    this.#dispatcher.add(this);
  }

  /**
   * It receives nothing more, but its deliveries still belong to its connection. The holder must have
   * removed it: its kind changes.
   */
  finish(): void {
    this.#dispatcher.remove(this);
    this.#state = 'finishing';
  }

  /** Has it deliveries that are not settled? */
  get isBusy(): boolean {
    return this.#held.size > 0;
  }

  /** Continues for one that was finishing: its deliveries belong to this one. */
  takeOver(finishing: Consumer): void {
    this.#held.addAll(finishing.#held);
  }

  // As a receiver ----------------------------------------------------------------------------------------------------

  get room(): number {
    if (this.#state !== 'consuming' || !this.#subscriber.connection.hasRoom(LOW_WATER)) return 0;
    return Math.max(0, this.prefetch - this.#held.size);
  }

  receive(batch: Batch): void {
    const { epoch, deadline } = batch;
    this.#held.add(batch);
    const deliveries = batch.deliveries.map((delivery) => new SentDelivery(delivery, deadline));
    this.#subscriber.push({ type: 'deliveries', ...this.#dispatcher.ref, epoch, deliveries });
  }

  /** A gap needs no acknowledgement: who settles a delivery that was sent after it has received it. */
  gap(gap: GroupGap): void {
    const { from, to, reason } = gap;
    this.#gaps ??= new SentGaps();
    this.#gaps.add(gap, this.#held.ids);
    this.#subscriber.push({ type: 'group_gap', ...this.#dispatcher.ref, from, to, reason });
  }

  expire(now: number): void {
    this.#held.expire(now);
  }

  get nextExpiry(): number {
    return this.#held.nextExpiry;
  }

  groupRemoved(): void {
    this.#stop({ reason: 'group_removed' });
  }

  /** Its connection has been closed before. */
  gatewayStops(): void {
    this.#leave(null);
  }

  #received(ids: readonly string[]): void {
    if (this.#gaps === undefined) return;
    this.#dispatcher.gapsReceived(this.#gaps.takeBefore(ids.filter((id) => this.#held.has(id))));
  }

  /** Notes what was settled, so that there is room for other deliveries. */
  settled(ids: readonly string[]): void {
    this.#received(ids);
    for (const id of ids) this.#held.remove(id);
  }

  /** Notes what expires later. What another connection had received belongs to this one from now on. */
  extended(ids: readonly string[], expires: number): void {
    this.#received(ids);
    for (const id of ids) this.#held.extend(id, expires);
  }

  // As a standing thing of its connection ----------------------------------------------------------------------------

  get kind(): Kind {
    return this.#state === 'finishing' ? FINISHING_CONSUMERS : CONSUMERS;
  }

  get key(): string {
    const { channel, group } = this.#dispatcher.ref;
    return consumerKey(channel, group);
  }

  get channelName(): string {
    return this.#dispatcher.ref.channel;
  }

  get verb(): 'consume' {
    return 'consume';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Deliveries are sent like replies, which wait for the reader: none is missing. */
  overflowed(): boolean {
    return false;
  }

  drained(): void {
    this.#dispatcher.mark();
  }

  /** Gives its deliveries back: at once, or after the connection has closed with a grace. A client that stops lets it `finish`. */
  end(reason: EndReason, message?: string): void {
    const ending = gatewayEnding(reason, message);
    if (ending !== null) this.#stop(ending);
    else this.#leave(RELEASE_GRACE);
  }

  #stop(ending: GatewayEnding | { readonly reason: 'group_removed' }): void {
    this.#subscriber.standings.remove(this);
    this.#leave(0);
    this.#subscriber.push({ type: 'stopped', ...this.#dispatcher.ref, ...ending });
  }

  /** @param grace until the deliveries go to others; `null`: they stay */
  #leave(grace: number | null): void {
    if (this.ended) return;
    this.#state = 'ended';
    this.#dispatcher.remove(this);
    if (grace !== null && this.#held.size > 0) this.#dispatcher.release(this.#held.ids, grace);
  }
}
