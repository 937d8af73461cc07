import type { Position } from '@sluice/client';

/**
 * What a person shares in a room: in the member's state, which is kept, and on the channel
 * `typing:<room>`, which keeps nothing.
 */
export interface PersonState {
  readonly typing?: boolean;
  /** The position of the last message that the person has read. */
  readonly readTo?: Position;
}

/** Parses a shared state. Clients may send any JSON: unknown parts are ignored. */
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
