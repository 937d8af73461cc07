import type { LoggedMessage } from '../../engine/logged-message.ts';
import type { Wire } from '../../protocols/protocol.ts';
import { Audience, Audiences, type Listener, type Variant } from '../audience.ts';
import { FilterIndex, isUnplaced } from './filter-index.ts';
import { FilteredAudience, type FilteredChannel } from './filtered-audience.ts';
import type { FilteredVariant } from './filtered-variant.ts';
import type { MessageFilter } from './message-filter.ts';
import { Watermark } from './watermark.ts';

/** The cursors of one channel that have the same filter. */
export class FilterGroup {
  readonly filter: MessageFilter;
  /** Cursors, live or not. */
  cursors = 0;
  /** The live ones, by wire and subscription id. */
  readonly audiences: Audiences<FilteredAudience>;

  constructor(filter: MessageFilter, channel: FilteredChannel) {
    this.filter = filter;
    this.audiences = new Audiences((wire, variant) => new FilteredAudience(wire, variant, channel));
  }

  get conditions(): MessageFilter['conditions'] {
    return this.filter.conditions;
  }
}

/** One filter of this number may be one that no value of a message leads to. */
const UNPLACED_SHARE = 10;

/** The filters of one channel's cursors, and the live cursors by filter. A channel without filters has none. */
export class ChannelFilters {
  readonly #channel: FilteredChannel;
  readonly #groups = new Map<string, FilterGroup>();
  readonly #index = new FilterIndex<FilterGroup>();
  /** All live cursors with a filter, by wire and subscription id: for pushes of progress. */
  readonly everyone: Audiences;
  /** The position that all of them have reached by the latest progress. */
  told: Watermark;
  /** Is it time for pushes of progress? */
  due = false;

  constructor(channel: FilteredChannel) {
    this.#channel = channel;
    this.told = new Watermark(channel.sent);
    this.everyone = new Audiences((wire, variant) => new Audience(wire, variant, `:${channel.name}`));
  }

  /** Distinct filters. */
  get size(): number {
    return this.#groups.size;
  }

  /**
   * Why another filter cannot be added: what there is too many of. `null`: it can, or it is there
   * already.
   *
   * @param most distinct filters
   * @param leaving the filter that a cursor gives up for it
   */
  fullFor({ key, conditions }: MessageFilter, most: number, leaving?: MessageFilter): string | null {
    if (this.#groups.has(key)) return null;
    const isLast = leaving !== undefined && this.#groups.get(leaving.key)?.cursors === 1;
    if (this.#groups.size - (isLast ? 1 : 0) >= most) return `${most} distinct filters`;
    const mostUnplaced = Math.ceil(most / UNPLACED_SHARE);
    const isFull = isUnplaced(conditions) && this.#index.unplaced >= mostUnplaced;
    return isFull ? `${mostUnplaced} distinct filters that require neither a tag, a publisher nor an event` : null;
  }

  /** A cursor with this filter begins. */
  hold(filter: MessageFilter): FilterGroup {
    let group = this.#groups.get(filter.key);
    if (group === undefined) {
      group = new FilterGroup(filter, this.#channel);
      this.#groups.set(filter.key, group);
      this.#index.add(group);
    }
    group.cursors++;
    return group;
  }

  /** The cursor has ended. */
  release(group: FilterGroup): void {
    group.cursors--;
    if (group.cursors > 0) return;
    this.#groups.delete(group.filter.key);
    this.#index.delete(group);
  }

  /** The log did not continue at the head, and no cursor is live. */
  restart(): void {
    this.told = new Watermark(this.#channel.sent);
  }

  /** Calls `use` for each filter that the message matches. */
  find({ message }: LoggedMessage, use: (group: FilterGroup) => void): void {
    this.#index.find(message, this.#channel.name, use);
  }

  /** A cursor goes live. */
  join(listener: Listener, variant: FilteredVariant, group: FilterGroup): void {
    group.audiences.join(listener, variant);
    this.everyone.join(listener, everyoneOf(variant));
  }

  leave(listener: Listener, variant: FilteredVariant, group: FilterGroup): void {
    group.audiences.leave(listener, variant);
    this.everyone.leave(listener, everyoneOf(variant));
  }

  /** The position that a live cursor has reached for certain if the fan-out of `turn` is in doubt. */
  toldFor(wire: Wire, variant: FilteredVariant, { group, turn }: { group: FilterGroup; turn: number }): number {
    const own = group.audiences.find(wire, variant)?.told.certain(turn) ?? 0;
    return Math.max(own, this.told.certain(turn));
  }

  /** Is there a live cursor that does not know that it is at the head? */
  get hasProgress(): boolean {
    const { sent } = this.#channel;
    if (this.told.offset >= sent || this.everyone.silent) return false;
    for (const { audiences } of this.#groups.values()) {
      for (const { live, told } of audiences) if (live > 0 && told.offset < sent) return true;
    }
    return false;
  }
}

const everyoneOf = ({ sub, alias }: FilteredVariant): Variant => ({
  key: `${sub ?? ''}~~${alias ?? ''}`,
  ...(sub !== undefined && { sub }),
  ...(alias !== undefined && { alias }),
});
