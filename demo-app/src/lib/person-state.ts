import type { Position } from '@sluice/client';

/** What a person tells the others in a room: as a member's state, which stays, and on the channel `typing:<room>`, which does not. */
export interface PersonState {
  readonly typing?: boolean;
  /** After the last message that the person has read. */
  readonly readTo?: Position;
}

/** Reads what somebody told. Anybody may tell any JSON: what is not understood is left out. */
export function readPersonState(data: unknown): PersonState {
  if (typeof data !== 'object' || data === null) return {};
  const typing = 'typing' in data && data.typing === true;
  const readTo = 'readTo' in data ? readPosition(data.readTo) : undefined;
  return { typing, ...(readTo !== undefined && { readTo }) };
}

function readPosition(data: unknown): Position | undefined {
  if (typeof data !== 'object' || data === null || !('epoch' in data) || !('offset' in data)) return undefined;
  const { epoch, offset } = data;
  return typeof epoch === 'string' && typeof offset === 'number' ? { epoch, offset } : undefined;
}
