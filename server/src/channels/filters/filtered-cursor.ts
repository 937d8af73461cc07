import type { Conditions, Position } from '@sluice/protocol';
import type { Clock } from '../../util/clock.ts';
import { Cursor, type CursorOptions } from '../cursor.ts';
import type { ChannelFilters, FilterGroup } from './channel-filters.ts';
import type { FilteredVariant } from './filtered-variant.ts';

/**
 * A cursor that receives only the messages of a filter. Its `offset` passes those that do not
 * match; the client learns of that by the next message, or by progress.
 */
export class FilteredCursor extends Cursor {
  declare readonly variant: FilteredVariant;
  readonly #filters: ChannelFilters;
  readonly #group: FilterGroup;
  #told: number;
  /** When the latest progress was sent while it replays, in ms of the monotonic clock. */
  #toldAt: number | undefined;

  constructor(options: CursorOptions & { readonly variant: FilteredVariant }, start: Position) {
    super(options, start);
    this.#filters = options.channel.openFilters();
    this.#group = this.#filters.hold(options.variant.filter);
    this.#told = start.offset;
  }

  override get own(): Conditions {
    return this.variant.own;
  }

  override get told(): number {
    return this.#told;
  }

  override sentTo(offset: number): void {
    super.sentTo(offset);
    this.#told = offset;
  }

  override passTo(offset: number): void {
    this.offset = Math.max(this.offset, offset);
  }

  override jumpTo(position: Position): void {
    super.jumpTo(position);
    this.#told = position.offset;
  }

  override reportProgress(clock: Clock, interval: number): void {
    const now = clock.monotonic();
    this.#toldAt ??= now;
    if (this.#told >= this.offset || now < this.#toldAt + interval) return;
    const { epoch, offset, subject } = this;
    this.subscriber.push({ type: 'progress', ...subject, epoch, after: this.#told, offset });
    this.#told = offset;
    this.#toldAt = now;
  }

  override fallBehind(doubtful: number): void {
    if (this.state !== 'live') return;
    const { subscriber, variant } = this;
    const told = this.#filters.toldFor(subscriber.wire, variant, { group: this.#group, turn: doubtful });
    super.fallBehind(doubtful);
    this.#told = Math.max(this.#told, told);
  }

  override leave(): void {
    const isFirst = !this.ended;
    super.leave();
    if (isFirst) this.channel.releaseFilter(this.#group);
  }

  protected override join(): void {
    this.#filters.join(this.subscriber, this.variant, this.#group);
  }

  protected override part(): void {
    this.#filters.leave(this.subscriber, this.variant, this.#group);
  }
}
