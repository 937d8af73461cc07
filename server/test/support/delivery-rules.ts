import type { GapReason, Position } from '@sluice/protocol';
import type { ChannelInput } from '../../src/config/config.ts';

/** A gap as a subscriber receives it, on the wire or from the SDK. */
export interface ReceivedGap {
  readonly channel: string;
  readonly from: Position;
  readonly to: Position;
  readonly reason: GapReason;
}

/** Is `place` at or before `position`? */
export function hasReached(position: Position | undefined, place: Position): boolean {
  return position !== undefined && position.epoch === place.epoch && position.offset >= place.offset;
}

/** A position as text. */
export const at = (position: Position | undefined): string =>
  position === undefined ? 'nowhere' : `${position.epoch}/${position.offset}`;

/**
 * Classifies a message for a subscriber at a position: the next one, a repeat, or one after a hole.
 * SPEC.md section 7.2, rules 2, 3 and 6.
 *
 * @param after the offset that its push continues from; default: the one before the message
 */
export function classifyMessage(
  position: Position | undefined,
  place: Position,
  after = place.offset - 1,
): 'next' | 'repeat' | 'hole' {
  if (hasReached(position, place)) return 'repeat';
  return hasReached(position, { ...place, offset: after }) ? 'next' : 'hole';
}

/**
 * Returns what is wrong with a gap for a subscriber at a position. A gap may begin before the
 * position, but not after it.
 */
export function checkGapRange(position: Position | undefined, gap: ReceivedGap): string | undefined {
  const { from, to, channel, reason } = gap;
  if (from.epoch === to.epoch && to.offset <= from.offset && reason !== 'epoch_changed') {
    return `received a gap of ${channel} that goes backwards, ${at(from)} to ${at(to)}`;
  }
  if (hasReached(position, from)) return undefined;
  return `received a gap of ${channel} from ${at(from)}, but its position is ${at(position)}`;
}

/**
 * Returns what is wrong with the reason of a gap under the channel's rule.
 *
 * @param first the oldest offset in the log of the gap's end; undefined if the log has another epoch now
 */
export function checkGapReason(gap: ReceivedGap, rule: ChannelInput, first: number | undefined): string | undefined {
  const { channel, from, to, reason } = gap;
  const gapText = `received a gap of ${channel}, ${reason} from ${at(from)} to ${at(to)}`;
  switch (reason) {
    case 'epoch_changed':
      return from.epoch === to.epoch && from.offset <= to.offset ? `${gapText}, in one epoch` : undefined;
    case 'purged':
      return `${gapText}, but nobody has removed messages`;
    case 'no_history':
      return rule.history === undefined ? undefined : `${gapText}, but there is history`;
    case 'slow_reader': {
      const slow = rule.slow ?? (rule.history === undefined ? 'drop' : 'replay');
      return slow === 'drop' || slow === 'latest' ? undefined : `${gapText}, but the rule says ${slow}`;
    }
    case 'retention':
      if (rule.history === undefined) return `${gapText}, but there is no history`;
      return first !== undefined && to.offset >= first ? `${gapText}, but the log begins at ${first}` : undefined;
  }
}
