import type { GapReason, Position } from '@sluice/protocol';
import type { Gap } from './api.ts';

/** Is everything up to `place` known to one who stands at `position`? Positions of two epochs cannot be compared. */
export function hasReached(position: Position | undefined, place: Position): boolean {
  return position?.epoch === place.epoch && position.offset >= place.offset;
}

/** A jump of the cursor, as the application is told about it. */
export interface Jump {
  readonly from: Position;
  readonly to: Position;
  readonly reason: GapReason;
}

/** Describes a jump. */
export function toGap(channel: string, { from, to, reason }: Jump): Gap {
  return { channel, from, to, reason, lost: from.epoch === to.epoch ? to.offset - from.offset : undefined };
}
