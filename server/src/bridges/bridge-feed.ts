import { nanoid } from 'nanoid';
import { groupOfBridge, type OutboundBridge } from '../bridge.ts';
import { ENGINE_RETRY } from '../channels/budgets.ts';
import { EngineUnavailable } from '../engine/engine.ts';
import { type Delivery, type GroupGap, type GroupStore, MOST_DEAD, type Outcome } from '../engine/groups.ts';
import type { Dispatcher } from '../groups/dispatcher.ts';
import type { GroupTarget } from '../groups/group-names.ts';
import type { Groups } from '../groups/groups.ts';
import type { Batch, Receiver } from '../groups/receiver.ts';
import type { OnWait, OutboundBatch, OutboundFeed } from './bridge-host.ts';
import { pause } from './bridge-lease.ts';
import { ClaimedMessages } from './claimed-messages.ts';

export interface BridgeFeedParts {
  readonly groups: Groups;
  readonly store: GroupStore;
  readonly target: GroupTarget;
  /** Called when an acknowledgement begins to wait for the engine, and when it goes on. */
  readonly onWait?: OnWait;
}

/** Characters, as JSON, of messages that are claimed ahead. */
const LARGEST = 16_777_216;

const NOTHING: OutboundBatch = { gaps: [], messages: [] };

/** What `next` has returned. */
interface Sent {
  readonly epoch: string;
  readonly deliveries: readonly Delivery[];
  readonly gaps: readonly GroupGap[];
}

/** An acknowledgement, and how far it came: a call that the engine does not answer may have been executed. */
interface Settling {
  readonly part: Sent;
  /** Offsets of messages that the broker will never accept, and why. */
  readonly dead: ReadonlyMap<number, string>;
  /** Of them, those for which the list of dead letters has room; `undefined`: that is not known yet. */
  rejects: readonly Delivery[] | undefined;
  /** Ids of those that were rejected. */
  readonly rejected: Set<string>;
  /** Id of the latest one, if the engine did not answer. */
  unanswered: string | undefined;
}

/** Another node sends the messages now, the broker took longer than a delivery may, or the engine did not answer. */
export class FeedLost extends Error {
  override readonly name = 'FeedLost';
}

/**
 * The messages of a channel that an outbound bridge has not sent yet, in their order.
 *
 * The bridge is the only consumer of a group. Batches are acknowledged in their order, each as a whole,
 * so every message up to the group's floor was sent or is a dead letter, and none behind it is known to
 * be. A feed begins at the floor.
 */
export class BridgeFeed implements OutboundFeed, Receiver {
  readonly #parts: BridgeFeedParts;
  readonly #claimed = new ClaimedMessages();
  /** Batches that are not acknowledged, and the number of their messages. */
  readonly #sent: Sent[] = [];
  #unconfirmed = 0;
  #wake: (() => void) | undefined;
  readonly #closed = new AbortController();
  /** `undefined`: it is open. */
  #end: 'closed' | FeedLost | undefined;
  readonly fence: string;

  private constructor(parts: BridgeFeedParts, fence: string) {
    this.#parts = parts;
    this.fence = fence;
  }

  /**
   * Opens the feed at the first message that was not acknowledged. Deliveries of earlier feeds end, and
   * none of them claims any more, on any node: two feeds that claim would share the messages.
   */
  static async open(parts: BridgeFeedParts): Promise<BridgeFeed> {
    const fence = nanoid(12);
    await parts.store.fence(parts.target.ref, parts.target.rule.delivery, fence);
    const feed = new BridgeFeed(parts, fence);
    parts.groups.dispatcher(parts.target.ref).add(feed);
    return feed;
  }

  async next(most: number, longest?: number): Promise<OutboundBatch> {
    while (this.#end === undefined && this.#claimed.isEmpty) await this.#change();
    if (this.#end === 'closed') return NOTHING;
    if (this.#end !== undefined) throw this.#end;
    const { gaps, epoch, deliveries } = this.#claimed.take(most, longest);
    this.#sent.push({ gaps, epoch, deliveries });
    this.#unconfirmed += deliveries.length;
    this.#dispatcher.mark();
    return { gaps, messages: deliveries.map(({ message }) => ({ epoch, message: message.message })) };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async acknowledge(dead: ReadonlyMap<number, string> = new Map(), first?: number): Promise<number> {
    const [earliest] = this.#sent;
    if (earliest === undefined) throw new Error('every batch was acknowledged before');
    const part = first === undefined ? earliest : firstOf(earliest, first);
    const settling: Settling = { part, dead, rejects: undefined, rejected: new Set(), unanswered: undefined };
    await this.#untilAnswered((isRetry) => this.#settleAll(settling, isRetry));
    this.#sent.shift();
    this.#unconfirmed -= earliest.deliveries.length;
    this.#dispatcher.mark();
    return dead.size - (settling.rejects?.length ?? 0);
  }

  /** The broker has the messages: they would be sent again if an engine that is away for a moment ended the feed. */
  async #untilAnswered(work: (isRetry: boolean) => Promise<void>): Promise<void> {
    const { signal } = this.#closed;
    const { onWait = () => {} } = this.#parts;
    for (let isRetry = false; ; isRetry = true) {
      try {
        await work(isRetry);
        if (isRetry && !signal.aborted) onWait(undefined);
        return;
      } catch (error) {
        if (!(error instanceof EngineUnavailable) || signal.aborted) throw error;
      }
      if (!isRetry) onWait('the engine does not answer');
      await pause(this.#parts.groups.clock, ENGINE_RETRY, signal);
    }
  }

  /** Goes on where the attempt before has ended. */
  async #settleAll(settling: Settling, isRetry: boolean): Promise<void> {
    const { gaps, epoch, deliveries } = settling.part;
    if (gaps.length > 0) await this.#dispatcher.confirmGaps(gaps);
    if (isRetry && (await this.#isSettled(epoch, deliveries))) return;
    const rejects = settling.dead.size === 0 ? [] : await this.#reject(settling);
    const ids = deliveries.filter((delivery) => !rejects.includes(delivery)).map(({ id }) => id);
    if (ids.length > 0) refuseExpired(await this.#settle(ids, { type: 'ack' }));
  }

  /** Was a call that nobody answered executed? */
  async #isSettled(epoch: string, deliveries: readonly Delivery[]): Promise<boolean> {
    const { store, target } = this.#parts;
    const { epoch: current, floor } = await store.stats(target.ref, target.rule.delivery);
    const last = deliveries.at(-1)?.message.offset ?? 0;
    return current === epoch && floor >= last;
  }

  get #dispatcher(): Dispatcher {
    const { groups, target } = this.#parts;
    return groups.dispatcher(target.ref);
  }

  /** Returns those that are dead letters now. */
  async #reject(settling: Settling): Promise<readonly Delivery[]> {
    const { dead, rejected } = settling;
    settling.rejects ??= await this.#withRoom(settling);
    for (const { id, message } of settling.rejects) {
      if (rejected.has(id)) continue;
      const isRetry = settling.unanswered === id;
      settling.unanswered = id;
      const expired = await this.#settle([id], { type: 'reject', error: dead.get(message.message.offset) ?? '' });
      // If it was rejected before, without an answer, it has expired now.
      if (!isRetry) refuseExpired(expired);
      settling.unanswered = undefined;
      rejected.add(id);
    }
    return settling.rejects;
  }

  /** A full list of dead letters accepts none: then the messages are acknowledged, so that the bridge goes on. */
  async #withRoom({ part, dead }: Settling): Promise<readonly Delivery[]> {
    const { store, target } = this.#parts;
    const { dead: listed } = await store.stats(target.ref, target.rule.delivery);
    const room = Math.max(0, MOST_DEAD - listed);
    return part.deliveries.filter(({ message }) => dead.has(message.message.offset)).slice(0, room);
  }

  /** Returns those that have expired. */
  async #settle(ids: readonly string[], outcome: Outcome): Promise<readonly string[]> {
    const { groups, target } = this.#parts;
    return (await groups.settle(target, { ids, outcome })).expired;
  }

  finish(): void {
    this.#endWith('closed');
  }

  close(): void {
    this.finish();
    this.#closed.abort();
  }

  #endWith(end: 'closed' | FeedLost): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#dispatcher.remove(this);
    this.#wake?.();
  }

  // As a receiver -----------------------------------------------------------------------------------------------------

  /** While some messages are sent, as many are claimed ahead: a broker should not wait for the next claim. */
  get room(): number {
    if (this.#end !== undefined) return 0;
    const { prefetch, delivery } = this.#parts.target.rule;
    const { length, size } = this.#claimed;
    if (size >= LARGEST) return 0;
    return Math.max(0, Math.min(prefetch - length, delivery.maxUnacked - length - this.#unconfirmed));
  }

  receive({ epoch, deliveries }: Batch): void {
    this.#claimed.add(epoch, deliveries);
    this.#wake?.();
  }

  fenced(): void {
    this.#endWith(new FeedLost('another node sends the messages now'));
  }

  /** The next claim would bring later messages, if this one was executed. */
  claimFailed(): void {
    this.#endWith(new FeedLost('the engine did not answer, and may have delivered messages'));
  }

  gap(gap: GroupGap): void {
    this.#claimed.addGap(gap);
    this.#wake?.();
  }

  expire(): void {}

  get nextExpiry(): number {
    return Number.POSITIVE_INFINITY;
  }

  groupRemoved(): void {
    this.finish();
  }

  gatewayStops(): void {
    this.finish();
  }
}

function refuseExpired({ length }: readonly string[]): void {
  if (length > 0) throw new FeedLost(`${length} messages were sent too late, or by another node`);
}

/** The first gaps and messages: gaps come before. */
const firstOf = ({ gaps, epoch, deliveries }: Sent, first: number): Sent => ({
  epoch,
  gaps: gaps.slice(0, first),
  deliveries: deliveries.slice(0, Math.max(0, first - gaps.length)),
});

/** The group of an outbound bridge. */
export const groupRefOf = ({ name, from }: OutboundBridge) => ({ channel: from.channel, group: groupOfBridge(name) });
