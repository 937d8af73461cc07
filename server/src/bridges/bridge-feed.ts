import { groupOfBridge, type OutboundBridge } from '../bridge.ts';
import type { GroupGap, GroupStore } from '../engine/groups.ts';
import type { Dispatcher } from '../groups/dispatcher.ts';
import type { GroupTarget } from '../groups/group-names.ts';
import type { Groups } from '../groups/groups.ts';
import type { Batch, Receiver } from '../groups/receiver.ts';
import type { OutboundBatch, OutboundFeed } from './bridge-host.ts';
import { ClaimedMessages } from './claimed-messages.ts';

export interface BridgeFeedParts {
  readonly groups: Groups;
  readonly store: GroupStore;
  readonly target: GroupTarget;
}

const NOTHING: OutboundBatch = { gaps: [], messages: [] };

/** What `next` has returned. */
interface Sent {
  readonly ids: readonly string[];
  readonly gaps: readonly GroupGap[];
}

/** Another node sends the messages now, or the broker took longer than a delivery may. */
export class FeedLost extends Error {
  override readonly name = 'FeedLost';
}

/**
 * The messages of a channel that an outbound bridge has not sent yet, in their order.
 *
 * The bridge is the only consumer of a group. Batches are acknowledged in their order, each as a whole,
 * so every message up to the group's floor was sent, and none behind it is known to be. A feed begins
 * at the floor.
 */
export class BridgeFeed implements OutboundFeed, Receiver {
  readonly #parts: BridgeFeedParts;
  readonly #claimed = new ClaimedMessages();
  /** Batches that are not acknowledged, and the number of their messages. */
  readonly #sent: Sent[] = [];
  #unconfirmed = 0;
  #wake: (() => void) | undefined;
  #state: 'open' | 'closed' = 'open';

  private constructor(parts: BridgeFeedParts) {
    this.#parts = parts;
  }

  /** Opens the feed at the first message that was not acknowledged. Deliveries of an earlier feed end. */
  static async open(parts: BridgeFeedParts): Promise<BridgeFeed> {
    await beginAtFloor(parts);
    const feed = new BridgeFeed(parts);
    parts.groups.dispatcher(parts.target.ref).add(feed);
    return feed;
  }

  async next(most: number): Promise<OutboundBatch> {
    while (this.#state === 'open' && this.#claimed.isEmpty) await this.#change();
    if (this.#state === 'closed') return NOTHING;
    const { gaps, epoch, deliveries } = this.#claimed.take(most);
    this.#sent.push({ gaps, ids: deliveries.map(({ id }) => id) });
    this.#unconfirmed += deliveries.length;
    this.#dispatcher.mark();
    return { gaps, messages: deliveries.map(({ message }) => ({ epoch, message: message.message })) };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async acknowledge(): Promise<void> {
    const [first] = this.#sent;
    if (first === undefined) throw new Error('every batch was acknowledged before');
    const { gaps, ids } = first;
    if (gaps.length > 0) await this.#dispatcher.confirmGaps(gaps);
    if (ids.length > 0) await this.#settle(ids);
    this.#sent.shift();
    this.#unconfirmed -= ids.length;
    this.#dispatcher.mark();
  }

  get #dispatcher(): Dispatcher {
    const { groups, target } = this.#parts;
    return groups.dispatcher(target.ref);
  }

  async #settle(ids: readonly string[]): Promise<void> {
    const { groups, target } = this.#parts;
    const { expired } = await groups.settle(target, { ids, outcome: { type: 'ack' } });
    if (expired.length > 0) throw new FeedLost(`${expired.length} messages were sent too late, or by another node`);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#dispatcher.remove(this);
    this.#wake?.();
  }

  // As a receiver -----------------------------------------------------------------------------------------------------

  /** While some messages are sent, as many are claimed ahead: a broker should not wait for the next claim. */
  get room(): number {
    if (this.#state === 'closed') return 0;
    const { prefetch, delivery } = this.#parts.target.rule;
    const { length } = this.#claimed;
    return Math.max(0, Math.min(prefetch - length, delivery.maxUnacked - length - this.#unconfirmed));
  }

  receive({ epoch, deliveries }: Batch): void {
    this.#claimed.add(epoch, deliveries);
    this.#wake?.();
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
    this.close();
  }

  gatewayStops(): void {
    this.close();
  }
}

/** Makes deliveries of an earlier feed undelivered, so that the order is kept. Without them, the first claim begins at the floor. */
async function beginAtFloor({ store, target: { ref, rule } }: BridgeFeedParts): Promise<void> {
  const { floor, inFlight, delayed } = await store.stats(ref, rule.delivery);
  if (inFlight + delayed > 0) await store.seek(ref, rule.delivery, floor);
}

/** The group of an outbound bridge. */
export const groupRefOf = ({ name, from }: OutboundBridge) => ({ channel: from.channel, group: groupOfBridge(name) });
