import type { Json } from '@sluice/protocol';
import type { RuleMatch } from '../channels/rules.ts';

/** A request that may be sent: permitted, and checked against the channel's contract. */
export interface Ask {
  readonly channel: string;
  readonly match: RuleMatch;
  readonly data: Json;
  /** Bytes of `data`, approximately. */
  readonly size: number;
  readonly from: string | undefined;
  /** Milliseconds until the first reply, and between two. */
  readonly timeout: number;
}
