import type { Batch } from './batch.ts';
import type { DurableGroups } from './groups/durable-groups.ts';
import { type ChannelRecord, decodeChannel } from './records.ts';
import type { Store } from './store.ts';

/** Channels that one step looks at, and messages and keys that it clears away: few enough not to be felt. */
const CHANNELS = 500;
const MESSAGES = 1_000;
const KEYS = 500;
/** The part of a step for which a full disk surely has space: removing rows writes pages first. */
const CAREFUL = 0.1;
/** After how many milliseconds without messages an empty, unwatched channel is forgotten. */
export const FORGET = 24 * 3_600_000;

export interface SweepOptions {
  readonly store: Store;
  readonly isWatched: (channel: string) => boolean;
  readonly groups: DurableGroups;
}

/** Frees the space of unused data by visiting all channels round robin in small steps. */
export class Sweep {
  readonly #store: Store;
  readonly #isWatched: (channel: string) => boolean;
  readonly #groups: DurableGroups;
  /** The last channel that is done. */
  #at = '';

  constructor({ store, isWatched, groups }: SweepOptions) {
    this.#store = store;
    this.#isWatched = isWatched;
    this.#groups = groups;
  }

  /**
   * Plans one step.
   *
   * @param options.careful there may be little room
   * @returns whether there is more to clear away at once
   */
  step(batch: Batch, now: number, { careful = false } = {}): boolean {
    const share = careful ? CAREFUL : 1;
    const keysLeft = batch.forgetKeys(now, KEYS * share);
    // A zero byte after a name sorts before every longer name: the first one after it.
    const start = Buffer.from(`${this.#at}\u0000`);
    let left = MESSAGES * share;
    let looked = 0;
    for (const { key, value } of this.#store.rows('channels', { start, limit: CHANNELS })) {
      looked++;
      const channel = key.toString();
      const record = decodeChannel(value);
      const { kept, first, head, retention } = record;
      this.#groups.expire(batch, channel, record.id);
      const holds = kept <= head && (kept < first || retention !== null);
      if (holds) left = batch.trim(channel, { now, most: left });
      else if (this.#isUnused(channel, record, now) && batch.forget(channel)) {
        this.#groups.deleteAll(batch, channel, record.id);
      }
      if (left === 0) return true; // this channel may have more
      this.#at = channel;
    }
    if (looked < CHANNELS) this.#at = '';
    return keysLeft === 0;
  }

  #isUnused(channel: string, record: ChannelRecord, now: number): boolean {
    const { lastTime, keysUntil } = record;
    if (lastTime > now - FORGET || keysUntil > now || this.#isWatched(channel)) return false;
    return !this.#groups.needs(channel, record, now - FORGET);
  }
}
