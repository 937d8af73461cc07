import { groupOfBridge, type OutboundBridge } from '../bridge.ts';
import type { GroupGap, GroupStore } from '../engine/groups.ts';
import type { GroupTarget } from '../groups/group-names.ts';
import type { Groups } from '../groups/groups.ts';
import type { Batch, Receiver } from '../groups/receiver.ts';
import type { OutboundBatch, OutboundFeed } from './bridge-host.ts';

export interface BridgeFeedParts {
  readonly groups: Groups;
  readonly store: GroupStore;
  readonly target: GroupTarget;
}

const NOTHING = { ids: [], gaps: [] };

/** Another node sends the messages now, or the broker took longer than a delivery may. */
export class FeedLost extends Error {
  override readonly name = 'FeedLost';
}

/**
 * The messages of a channel that an outbound bridge has not sent yet, in their order.
 *
 * The bridge is the only consumer of a group. A batch is acknowledged as a whole, so every message up
 * to the group's floor was sent, and none behind it is known to be. A feed begins at the floor.
 */
export class BridgeFeed implements OutboundFeed, Receiver {
  readonly #parts: BridgeFeedParts;
  #gaps: readonly GroupGap[] = [];
  #batch: Batch | undefined;
  /** What `next` has returned: ids of the batch, and gaps. */
  #sent: { readonly ids: readonly string[]; readonly gaps: readonly GroupGap[] } = NOTHING;
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

  async next(): Promise<OutboundBatch> {
    while (this.#state === 'open' && this.#batch === undefined && this.#gaps.length === 0) await this.#change();
    const { epoch = '', deliveries = [] } = this.#batch ?? {};
    const gaps = this.#gaps;
    this.#gaps = [];
    this.#batch = undefined;
    if (this.#state === 'closed') return { gaps: [], messages: [] };
    this.#sent = { gaps, ids: deliveries.map(({ id }) => id) };
    return { gaps, messages: deliveries.map(({ message }) => ({ epoch, message: message.message })) };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async acknowledge(): Promise<void> {
    const { gaps, ids } = this.#sent;
    const { groups, target } = this.#parts;
    const dispatcher = groups.dispatcher(target.ref);
    if (gaps.length > 0) await dispatcher.confirmGaps(gaps);
    if (ids.length > 0) await this.#settle(ids);
    this.#sent = NOTHING;
    dispatcher.mark();
  }

  async #settle(ids: readonly string[]): Promise<void> {
    const { groups, target } = this.#parts;
    const { expired } = await groups.settle(target, { ids, outcome: { type: 'ack' } });
    if (expired.length > 0) throw new FeedLost(`${expired.length} messages were sent too late, or by another node`);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#parts.groups.dispatcher(this.#parts.target.ref).remove(this);
    this.#wake?.();
  }

  // As a receiver -----------------------------------------------------------------------------------------------------

  /** One batch at a time: the next one is claimed when the latest was acknowledged. */
  get room(): number {
    const isBusy = this.#batch !== undefined || this.#sent !== NOTHING || this.#state === 'closed';
    return isBusy ? 0 : this.#parts.target.rule.prefetch;
  }

  receive(batch: Batch): void {
    this.#batch = batch;
    this.#wake?.();
  }

  gap(gap: GroupGap): void {
    this.#gaps = [...this.#gaps, gap];
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
