import type { GapReason, Position } from '@sluice/protocol';
import type { ChannelInput } from '../../src/config/config.ts';

/** A gap as a subscriber hears of it, on the wire or from the SDK. */
export interface ReceivedGap {
  readonly channel: string;
  readonly from: Position;
  readonly to: Position;
  readonly reason: GapReason;
}

/** Is the place among what this position covers? */
export function hasReached(position: Position | undefined, place: Position): boolean {
  return position !== undefined && position.epoch === place.epoch && position.offset >= place.offset;
}

/** A position, for people. */
export const at = (position: Position | undefined): string =>
  position === undefined ? 'nowhere' : `${position.epoch}/${position.offset}`;

/**
 * What a message is to somebody who stands at a position: the next one, one that was had before, or
 * one behind a hole. SPEC.md section 7.
 */
export function classifyMessage(position: Position | undefined, place: Position): 'next' | 'repeat' | 'hole' {
  if (hasReached(position, place)) return 'repeat';
  return hasReached(position, { ...place, offset: place.offset - 1 }) ? 'next' : 'hole';
}

/** Says what is wrong with a gap for somebody who stands at a position. It may begin before it, never behind it. */
export function checkGapRange(position: Position | undefined, gap: ReceivedGap): string | undefined {
  const { from, to, channel, reason } = gap;
  if (from.epoch === to.epoch && to.offset <= from.offset && reason !== 'epoch_changed') {
    return `heard a gap of ${channel} that goes backwards, ${at(from)} to ${at(to)}`;
  }
  if (hasReached(position, from)) return undefined;
  return `heard a gap of ${channel} from ${at(from)}, but stands at ${at(position)}`;
}

/**
 * Says what is wrong with the reason of a gap, by the channel's rule.
 *
 * @param first the oldest message that the log of the gap's end still holds; undefined when it has another life now
 */
export function checkGapReason(gap: ReceivedGap, rule: ChannelInput, first: number | undefined): string | undefined {
  const { channel, from, to, reason } = gap;
  const told = `heard of a gap of ${channel}, ${reason} from ${at(from)} to ${at(to)}`;
  switch (reason) {
    case 'epoch_changed':
      return from.epoch === to.epoch && from.offset <= to.offset ? `${told}, in one epoch` : undefined;
    case 'no_history':
      return rule.history === undefined ? undefined : `${told}, but there is history`;
    case 'slow_reader': {
      const slow = rule.slow ?? (rule.history === undefined ? 'drop' : 'replay');
      return slow === 'drop' || slow === 'latest' ? undefined : `${told}, but the rule says ${slow}`;
    }
    case 'retention':
      if (rule.history === undefined) return `${told}, but there is no history`;
      return first !== undefined && to.offset >= first ? `${told}, but the log begins at ${first}` : undefined;
  }
}
