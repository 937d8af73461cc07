import type { Position } from '@sluice/protocol';

/** Is `position` at or after `place`? Positions of two epochs are not comparable. */
export function hasReached(position: Position | undefined, place: Position): boolean {
  return position?.epoch === place.epoch && position.offset >= place.offset;
}
