import type { Pattern } from '@sluice/protocol';
import type { Grants } from './acl.ts';

/** What a cursor does that cannot keep up: catch up, skip to the newest, report the loss, or close the connection. */
export type SlowPolicy = 'replay' | 'latest' | 'drop' | 'disconnect';

/** How much of a channel's log is kept: at most so many messages, none older than so many ms. */
export interface HistoryBounds {
  readonly count: number;
  /** Milliseconds. */
  readonly age: number;
}

/** One channel rule, resolved: all that the configuration says about the channels of a pattern. */
export interface Rule {
  readonly pattern: Pattern;
  readonly allow: Grants;
  /** `null`: the channels keep no history. */
  readonly history: HistoryBounds | null;
  /** Do messages name their publisher? */
  readonly from: boolean;
  readonly slow: SlowPolicy;
  /** Bytes of a message's `data` as JSON. */
  readonly maxPayload: number;
  /** How long a publish's `key` is remembered, in ms. */
  readonly dedupe: number;
}
