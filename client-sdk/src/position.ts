import type { Position } from '@sluice/protocol';

/** Is everything up to `place` known to one who stands at `position`? Positions of two epochs cannot be compared. */
export function hasReached(position: Position | undefined, place: Position): boolean {
  return position?.epoch === place.epoch && position.offset >= place.offset;
}
