import type { Conditions, Position } from '@sluice/protocol';
import type { Clock } from '../../util/clock.ts';
import { Cursor, type CursorOptions } from '../cursor.ts';
import { Told } from '../told.ts';
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
  readonly #told: Told;

  constructor(options: CursorOptions & { readonly variant: FilteredVariant }, start: Position) {
    super(options, start);
    this.#filters = options.channel.openFilters();
    this.#group = this.#filters.hold(options.variant.filter);
    this.#told = new Told(start.offset);
  }

  override get own(): Conditions {
    return this.variant.own;
  }

  override get told(): number {
    return this.#told.offset;
  }

  override sentTo(offset: number): void {
    super.sentTo(offset);
    this.#told.offset = offset;
  }

  override passTo(offset: number): void {
    this.offset = Math.max(this.offset, offset);
  }

  override jumpTo(position: Position): void {
    super.jumpTo(position);
    this.#told.offset = position.offset;
  }

  override reportProgress(clock: Clock, interval: number): void {
    this.#told.report(this, clock, interval);
  }

  override fallBehind(doubtful: number): void {
    if (this.state !== 'live') return;
    const { subscriber, variant } = this;
    const told = this.#filters.toldFor(subscriber.wire, variant, { group: this.#group, turn: doubtful });
    super.fallBehind(doubtful);
    this.#told.offset = Math.max(this.#told.offset, told);
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
