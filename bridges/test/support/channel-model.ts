import type { OnWait, OutboundBatch, OutboundFeed, OutboundGap } from '@sluice/server/bridging';
import { ScriptHost } from './script-host.ts';

/** A channel with numbered messages, and gaps before some of them, as a bridge sees it. When all are acknowledged, the bridge stops. */
export class ChannelModel extends ScriptHost {
  /** The longest pause is shorter than a limit. */
  override readonly random = () => 0;
  readonly #count: number;
  /** By the offset that follows it. */
  readonly #gaps: Map<number, OutboundGap>;
  /** Every message up to this offset is acknowledged. */
  #floor = 0;
  openFeeds = 0;
  /** Of the latest `next`. */
  longest: number | undefined;
  /** Does the bridge stop when all is acknowledged? */
  stops = true;
  /** Offsets that became dead letters. */
  readonly dead = new Set<number>();
  /** Called before a feed is opened, and before it returns what is next; may throw. */
  onOpen: () => void = () => {};
  onNext: () => void = () => {};
  /** Called before an acknowledgement; may throw. */
  onAcknowledge: (onWait: OnWait) => void = () => {};

  constructor(count: number, gapsBefore: readonly number[] = []) {
    super();
    this.#count = count;
    this.#gaps = new Map(gapsBefore.map((offset) => [offset, gapBefore(offset)]));
  }

  /** How many messages are acknowledged. */
  get acknowledged(): number {
    return this.#floor;
  }

  get isOver(): boolean {
    return this.#floor === this.#count;
  }

  override async openFeed(onWait: OnWait = () => {}): Promise<OutboundFeed> {
    this.onOpen();
    this.openFeeds++;
    let at = this.#floor;
    let end = () => {};
    const closed = new Promise<void>((resolve) => {
      end = resolve;
    });
    let isOpen = true;
    const sent: OutboundBatch[] = [];
    return {
      next: async (most, longest) => {
        this.longest = longest;
        if (this.isOver && this.stops) this.stop.abort();
        this.onNext();
        if (at === this.#count) await closed;
        if (!isOpen) return { gaps: [], messages: [] };
        const batch = this.#batch(at, most);
        at += batch.messages.length;
        sent.push(batch);
        return batch;
      },
      acknowledge: async (dead = new Map(), first?: number) => {
        this.onAcknowledge(onWait);
        const batch = sent.shift();
        if (batch === undefined) throw new Error('every batch was acknowledged before');
        const done = first ?? batch.gaps.length + batch.messages.length;
        for (const offset of dead.keys()) this.dead.add(offset);
        if (done > 0) for (const gap of batch.gaps) this.#gaps.delete(gap.to.offset + 1);
        this.#floor += Math.max(0, done - batch.gaps.length);
        if (this.isOver && this.stops) this.stop.abort();
        return 0;
      },
      finish: () => {
        isOpen = false;
        end();
      },
      close: () => {
        this.openFeeds--;
        isOpen = false;
        end();
      },
    };
  }

  /** A batch ends before the next gap. */
  #batch(after: number, most: number): OutboundBatch {
    const gap = this.#gaps.get(after + 1);
    const messages: OutboundBatch['messages'][number][] = [];
    for (let offset = after + 1; offset <= this.#count && messages.length < most; offset++) {
      if (messages.length > 0 && this.#gaps.has(offset)) break;
      const tags = { to: `${offset % 3}` };
      messages.push({ epoch: 'e', message: { id: `m${offset}`, offset, time: 0, data: offset, event: 'a', tags } });
    }
    return { gaps: gap === undefined ? [] : [gap], messages };
  }
}

const gapBefore = (offset: number): OutboundGap => ({
  ...{ reason: 'retention', from: { epoch: 'e', offset: offset - 1 } },
  to: { epoch: 'e', offset: offset - 1 },
});
