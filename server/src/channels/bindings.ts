import type { BoundChannel as BoundChannelOf } from '@sluice/protocol';
import type { Rule } from '../rule.ts';

/** A channel to which the messages of another one are also appended. */
export type BoundChannel = BoundChannelOf<Rule>;

/** No channel has the messages of this one, too. */
export const NOT_BOUND: readonly BoundChannel[] = Object.freeze([]);
