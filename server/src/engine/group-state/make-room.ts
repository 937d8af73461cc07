import type { QueueBounds } from '../groups.ts';
import type { GroupState } from './group-state.ts';
import type { Operation } from './operation.ts';

/**
 * Makes room for one more message in a queue that is full: expired messages die first, then, if the
 * rule says so, the oldest.
 *
 * @returns whether there is room
 */
export const makeRoom = (
  state: GroupState,
  { overflow }: QueueBounds,
  operation: Pick<Operation, 'log' | 'at'>,
): boolean => state.expireOldest(operation) || (overflow === 'dead-letter' && state.dropOldest(operation));
